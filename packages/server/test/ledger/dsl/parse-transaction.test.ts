import { LedgerError } from '@cofferdam/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTransaction } from '../../../src/ledger/dsl/parse-transaction.js';

const full = `
(transaction-template V1
  (chart-of-accounts-group-name FUNDING)
  (description "Two \\"lines\\"
of text")
  (code 7f3)
  (pending true)
  (metadata (k v) (number 12) (text "a b"))
  (send BRL 1000|2
    (source :remaining
      (from @a :amount BRL 300|0 (rate ext BRL -> USD 5|1) (description "x") (chart-of-accounts CASH) (metadata (m n)))
      (from @b :share 50 :of 20)
      (from @c :remaining))
    (distribute
      (to $variable :share 100))))
`;

function refusalOf(source: string): string {
  try {
    parseTransaction(source);
    return 'read';
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return `${error.code} ${error.info.errors?.[0]?.location}: ${error.info.errors?.[0]?.message}`;
  }
}

const small = (send: string, head = '(chart-of-accounts-group-name G)') => `(transaction V1 ${head} ${send})`;
const sent = (from: string, to = '(to @b :remaining)', value = '10|2') =>
  small(`(send USD ${value} (source ${from}) (distribute ${to}))`);

describe('the transaction language', () => {
  it('is read whole; the part after | has no effect, and a chart of accounts of a leg is dropped', () => {
    expect(parseTransaction(full)).toEqual({
      chartOfAccountsGroupName: 'FUNDING',
      description: 'Two "lines"\nof text',
      code: '7f3',
      pending: true,
      metadata: { k: 'v', number: '12', text: 'a b' },
      send: {
        asset: 'BRL',
        value: '1000',
        source: {
          from: [
            { accountAlias: '@a', amount: { asset: 'BRL', value: '300' }, description: 'x', metadata: { m: 'n' } },
            { accountAlias: '@b', share: { percentage: 50, percentageOfPercentage: 20 } },
            { accountAlias: '@c', remaining: 'remaining' },
          ],
        },
        distribute: { to: [{ accountAlias: '$variable', share: { percentage: 100 } }] },
      },
    });
  });

  it.each([
    ['(transfer V1', '0048 line 1, column 2: expected "transaction" or "transaction-template", found "transfer"'],
    ['(transaction V2', '0048 line 1, column 14: expected "V1", found "V2"'],
    ['', '0048 line 1, column 1: expected "(transaction", found the end of the file'],
    ['(transaction V1\n  (send', '0048 line 2, column 4: expected "chart-of-accounts-group-name", found "send"'],
    ['(transaction V1 (chart-of-accounts-group-name "x"))', '0048 line 1, column 47: expected a name, found "x"'],
    [
      `(transaction V1 (chart-of-accounts-group-name x) (description "never`,
      '0048 line 1, column 63: this string has no closing quote',
    ],
    [`${full})`, '0048 line 16, column 1: expected the end of the file, found ")"'],
    [
      small('(send USD 10|2 (source) (distribute (to @b :remaining)))'),
      '0048 line 1, column 72: expected "(from", found ")"',
    ],
    [
      sent('(from @a :part 5)'),
      '0048 line 1, column 82: expected ":amount" or ":share" or ":remaining", found ":part"',
    ],
    [sent('(from :share 5)'), '0048 line 1, column 79: expected an account, found ":share"'],
    [sent('(from @a :amount USD 10)'), '0048 line 1, column 94: expected an amount such as 1000|2, found "10"'],
    [
      sent('(from @a :amount USD -1|2)'),
      '0048 line 1, column 94: expected an amount of whole numbers such as 1000|2, found "-1|2"',
    ],
    [sent('(from @a :amount USD 1|2|3)'), '0048 line 1, column 94: expected an amount such as 1000|2, found "1|2|3"'],
    [
      sent('(from @a :amount USD $x|2)'),
      '0017 line 1, column 94: variables are not filled in, and "$x|2" needs a number',
    ],
    [sent('(from @a :share 0)'), '0017 line 1, column 89: a share is a whole number from 1 to 100, not "0"'],
    [sent('(from @a :share 50 :of 101)'), '0017 line 1, column 96: a share is a whole number from 1 to 100, not "101"'],
    [sent('(from @a :share half)'), '0048 line 1, column 89: expected a whole number, found "half"'],
    [sent('(from @a :remaining (metadata (k 1) (k 2)))'), '0017 line 1, column 110: the key "k" stands here twice'],
    [
      sent('(from @a :remaining (metadata))'),
      '0048 line 1, column 102: expected a pair such as (key value), found ")"',
    ],
    [
      sent('(from @a :remaining)', undefined, `${'9'.repeat(101)}|2`),
      '0017 line 1, column 60: an amount has at most 100 digits',
    ],
  ])('refuses %s', (source, refusal) => {
    expect(refusalOf(source)).toBe(refusal);
  });

  it('answers anything with a transaction or a refusal that names a place in it', () => {
    const words = full.match(/[()]|"[^"]*"|[^\s()"]+|\s+/g) ?? [];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 60 }),
        fc.nat(words.length),
        fc.nat(words.length),
        (noise, from, count) => {
          const edited = [...words];
          edited.splice(from, count % 4, ...noise);
          const refusal = refusalOf(edited.join(''));
          expect(refusal === 'read' || /^00(48|17) line \d+, column \d+: ./.test(refusal), refusal).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('takes time in proportion to its length, however it is nested', () => {
    const before = process.cpuUsage();
    for (const source of ['('.repeat(500_000), '"'.repeat(500_001), `"${'\n'.repeat(900_000)}`, ' '.repeat(900_000)])
      expect(refusalOf(source)).toMatch(/^0048 line/);
    // Of this process: others may be busy too.
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(3);
  });
});
