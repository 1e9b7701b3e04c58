import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
let organization: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ({ ledgerPath: ledger, organizationPath: organization } = await createBooks(api));
});
afterAll(() => api.close());

/**
 * Many clients at work on the same few records: whatever they meet is an answer of the contract, never a 5xx (a
 * deadlock that was not resolved), and what must be unique is so afterwards.
 */
test('writers of all resources get along', async () => {
  const accounts = await Promise.all(
    [0, 1, 2].map((n) => must(api.post(`${ledger}/accounts`, { assetCode: 'USD', type: 'deposit', alias: `@a${n}` }))),
  );
  const portfolio = await must(api.post(`${ledger}/portfolios`, { name: 'P' }));
  const segment = await must(api.post(`${ledger}/segments`, { name: 'S' }));
  const links = { portfolioId: portfolio.id, segmentId: segment.id };
  const pick = fc.nat({ max: 2 });
  const account = pick.map((n) => `${ledger}/accounts/${accounts[n]?.id}`);
  const request = fc.oneof(
    pick.map((n) => ['POST', `${organization}/ledgers`, { name: `L${n}` }] as const),
    pick.map((n) => ['PATCH', ledger, { metadata: { n } }] as const),
    pick.map((n) => ['PATCH', `${ledger}/settings`, { tracer: { timeoutMs: n } }] as const),
    pick.map((n) => ['POST', `${ledger}/assets`, { name: `A${n}`, type: 'others', code: 'X'.repeat(n + 1) }] as const),
    pick.map((n) => ['POST', `${ledger}/segments`, { name: `S${n}` }] as const),
    pick.map(
      (n) => ['POST', `${ledger}/accounts`, { assetCode: 'USD', type: 'loan', alias: `@n${n}`, ...links }] as const,
    ),
    account.map((url) => ['PATCH', url, { ...links, metadata: { a: 1 } }] as const),
    account.map((url) => ['POST', `${url}/balances`, { key: 'more', settings: { allowOverdraft: true } }] as const),
    account.map((url) => ['DELETE', url, undefined] as const),
    pick.map((n) => ['PATCH', `${ledger}/portfolios/${portfolio.id}`, { name: `P${n}` }] as const),
    pick.map((n) => ['PATCH', `${ledger}/segments/${segment.id}`, { name: `S${n}` }] as const),
    pick.map((n) => {
      const to = [{ accountAlias: `@a${n}`, amount: { asset: 'USD', value: '0.01' } }];
      return [
        'POST',
        `${ledger}/transactions/inflow`,
        { send: { asset: 'USD', value: '0.01', distribute: { to } } },
      ] as const;
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 30, maxLength: 60 }), async (requests) => {
      const answers = await Promise.all(requests.map(([method, url, body]) => api.call(method, url, body)));
      for (const [index, { status, text }] of answers.entries())
        if (status >= 500) throw new Error(`${requests[index]?.slice(0, 2).join(' ')} → ${status} ${text}`);
    }),
    { numRuns: 8, endOnFailure: true },
  );
  const { rows } = await api.store.adminPool.query(`
    select 'name of a ledger' as what from ledger where deleted_at is null group by organization_id, lower(name) having count(*) > 1
    union all select 'name of an asset' from asset where deleted_at is null group by ledger_id, name having count(*) > 1
    union all select 'account without balance' from account a where deleted_at is null
      and not exists (select from balance b where b.account_id = a.id and b.deleted_at is null)
    union all select 'balance of a deleted account' from balance b join account a on a.id = b.account_id
      where b.deleted_at is null and a.deleted_at is not null and a.type <> 'external'
    union all select 'money out of sight' from balance where deleted_at is not null and (available, on_hold) <> (0, 0)`);
  expect(rows).toEqual([]);
});
