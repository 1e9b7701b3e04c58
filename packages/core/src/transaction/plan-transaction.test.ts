import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BalanceState, companionKey } from '../balance/balance.js';
import { LedgerError } from '../errors.js';
import type { AccountId, BalanceId } from '../ids.js';
import { add, compare, type Decimal, decimal, equals, sign, subtract, toAmount, zero } from '../money/decimal.js';
import { formatDecimal, parseDecimal } from '../money/decimal-text.js';
import { type CreateCommand, checkCommand } from './command.js';
import type { Leg, LegShare } from './leg.js';
import type { Books, Hold, Plan } from './plan.js';
import { planTransaction, planTransition } from './plan-transaction.js';
import { resolveLegs } from './resolve-legs.js';

function balance(alias: string, available: string, more: Partial<BalanceState> = {}): BalanceState {
  return Object.freeze({
    id: `b-${alias}-${more.key ?? 'default'}` as BalanceId,
    accountId: `a-${alias}` as AccountId,
    alias,
    key: 'default',
    assetCode: 'USD',
    accountType: 'deposit',
    direction: 'credit',
    available: parseDecimal(available),
    onHold: zero,
    overdraftUsed: zero,
    version: 3,
    allowSending: true,
    allowReceiving: true,
    scope: 'transactional',
    allowOverdraft: false,
    overdraftLimit: undefined,
    ...more,
  });
}

const external = (available = '0') =>
  balance('@external/USD', available, { accountType: 'external', direction: 'debit' });

function leg(accountAlias: string, share: LegShare | string, balanceKey = 'default'): Leg {
  const value = typeof share === 'string' ? ({ kind: 'amount', value: parseDecimal(share) } as const) : share;
  return { accountAlias, balanceKey, share: value, notes: {} };
}

const share = (percentage: number, percentageOfPercentage = 100): LegShare => ({
  kind: 'share',
  percentage,
  percentageOfPercentage,
});
const remaining: LegShare = { kind: 'remaining' };

function command(value: string, source: Leg[], destination: Leg[], more: Partial<CreateCommand> = {}): CreateCommand {
  return { kind: 'direct', assetCode: 'USD', value: parseDecimal(value), source, destination, ...more };
}

function among(...balances: BalanceState[]): Books {
  return {
    byName: (alias, key) => balances.find((b) => b.alias === alias && b.key === key),
    byId: (id) => balances.find((b) => b.id === id),
    companionOf: (accountId) => balances.find((b) => b.accountId === accountId && b.key === companionKey),
  };
}

/** The same books after a plan was written. */
function after(plan: Plan, balances: readonly BalanceState[]): BalanceState[] {
  return balances.map((b) => plan.changed.find((c) => c.id === b.id) ?? b);
}

const asHold = (plan: Plan, split = false): Hold => ({ legs: plan.legs, split });

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return 'accepted';
}

const endOf = (plan: Plan, alias: string) => plan.changed.find((b) => b.alias === alias);

describe('resolveLegs', () => {
  const amounts = (legs: Leg[], value: string) =>
    resolveLegs('source', legs, toAmount(parseDecimal(value))).map((l) => formatDecimal(l.amount));

  it('takes shares of the whole value and gives `remaining` what the legs before it left', () => {
    expect(amounts([leg('a', share(50)), leg('b', '10'), leg('c', remaining)], '100.01')).toEqual([
      '50.005',
      '10',
      '40.005',
    ]);
    expect(amounts([leg('a', share(50, 50)), leg('b', share(75))], '1')).toEqual(['0.25', '0.75']);
  });

  it('is order dependent: a leg after `remaining` is too much', () => {
    expect(codeOf(() => amounts([leg('a', remaining), leg('b', '10')], '100'))).toBe('0073');
  });

  it('drops legs of zero or less, whose absence shows in the total', () => {
    expect(amounts([leg('a', '0'), leg('b', '100')], '100')).toEqual(['100']);
    expect(amounts([leg('a', '-5'), leg('b', '100')], '100')).toEqual(['100']);
    expect(codeOf(() => amounts([leg('a', '0')], '100'))).toBe('0073');
    expect(codeOf(() => amounts([], '100'))).toBe('0073');
  });

  it('refuses a share that would need rounding', () => {
    expect(codeOf(() => amounts([leg('a', share(33, 33)), leg('b', remaining)], `0.${'1'.repeat(32)}`))).toBe('0047');
  });

  it('sums to the value for any split, exactly', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 40n }),
        fc.integer({ min: 0, max: 28 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 4 }),
        (coefficient, scale, percentages) => {
          const value = toAmount(decimal(coefficient, scale));
          const legs = [...percentages.map((p, i) => leg(`x${i}`, share(p))), leg('rest', remaining)];
          const total = resolveLegs('source', legs, value).reduce<Decimal>((sum, l) => add(sum, l.amount), zero);
          expect(equals(total, value)).toBe(true);
        },
      ),
    );
  });
});

describe('checkCommand', () => {
  const now = new Date('2026-11-24T12:00:00Z');
  const order = (more: Partial<CreateCommand>, value = '1') =>
    codeOf(() => checkCommand(command(value, [], [], more), now));
  it('refuses in the order of the contract', () => {
    expect(order({ transactionDate: '2026-11-24T12:00:00.001Z', kind: 'hold' }, '-1')).toBe('0121');
    expect(order({ transactionDate: '2026-11-24T12:00:00.000Z', kind: 'hold' }, '-1')).toBe('0122');
    expect(order({ transactionDate: '2026-11-24T12:00:00.000Z' }, '0')).toBe('0125');
    expect(order({})).toBe('accepted');
  });
});

describe('planTransaction', () => {
  it('moves money from the world in: the debit-direction balance grows', () => {
    const plan = planTransaction(
      command('100', [leg('@external/USD', '100')], [leg('@alice', '100')]),
      among(external(), balance('@alice', '0')),
    );
    expect(endOf(plan, '@external/USD')?.available).toEqual(decimal(100n));
    expect(endOf(plan, '@alice')).toMatchObject({ available: decimal(100n), version: 4 });
    expect(plan.operations.map((o) => [o.before.alias, o.type, o.direction])).toEqual([
      ['@alice', 'CREDIT', 'credit'],
      ['@external/USD', 'DEBIT', 'debit'],
    ]);
  });

  it('chains several legs of one balance: consecutive versions, each before is the after before it', () => {
    const plan = planTransaction(
      command('10', [leg('@a', '4'), leg('@b', '6')], [leg('@c', '1'), leg('@c', '9')]),
      among(balance('@a', '4'), balance('@b', '7'), balance('@c', '0')),
    );
    const onC = plan.operations.filter((o) => o.before.alias === '@c');
    expect(onC.map((o) => [o.before.version, o.after.version, formatDecimal(o.after.available)])).toEqual([
      [3, 4, '1'],
      [4, 5, '10'],
    ]);
    expect(onC[1]?.before).toEqual(onC[0]?.after);
    expect(plan.changed).toHaveLength(3);
  });

  it('writes rows by alias and key, whatever the order of the legs', () => {
    const plan = planTransaction(
      command('3', [leg('@b', '3')], [leg('@a', '1', 'z'), leg('@a', '1', 'default'), leg('@B', '1')]),
      among(balance('@b', '3'), balance('@a', '0'), balance('@a', '0', { key: 'z' }), balance('@B', '0')),
    );
    expect(plan.operations.map((o) => `${o.before.alias}#${o.before.key}`)).toEqual([
      '@B#default',
      '@a#default',
      '@a#z',
      '@b#default',
    ]);
  });

  it('refuses with the code of the first check that fails', () => {
    const all = among(
      balance('@poor', '1'),
      balance('@rich', '1000'),
      balance('@euro', '10', { assetCode: 'EUR' }),
      balance('@mute', '10', { allowSending: false }),
      balance('@deaf', '10', { allowReceiving: false }),
      balance('@rich', '0', { key: 'overdraft', direction: 'debit', scope: 'internal' }),
      balance('@debt', '5', { direction: 'debit' }),
      external(),
    );
    const plan = (from: Leg[], to: Leg[], more: Partial<CreateCommand> = {}) =>
      codeOf(() => planTransaction(command('10', from, to, more), all));
    const ok = [leg('@rich', '10')];
    expect(plan(ok, [leg('@nobody', '9')])).toBe('0073');
    expect(plan(ok, [leg('@rich', '10')])).toBe('0090');
    expect(plan(ok, [leg('@nobody', '5'), leg('@rich', '5', 'overdraft')])).toBe('0168');
    expect(plan(ok, [leg('@nobody', '10')])).toBe('0019');
    expect(plan(ok, [leg('@poor', '10', 'savings')])).toBe('0019');
    expect(plan(ok, [leg('@euro', '10')])).toBe('0034');
    expect(plan([leg('@mute', '10')], [leg('@euro', '10')])).toBe('0024');
    expect(plan(ok, [leg('@deaf', '10')])).toBe('0024');
    expect(plan([leg('@external/USD', '10')], [leg('@poor', '10')], { kind: 'hold' })).toBe('0098');
    expect(plan([leg('@poor', '10')], ok)).toBe('0018');
    expect(plan(ok, [leg('@debt', '10')])).toBe('0018');
    expect(plan([leg('@poor', '10')], ok, { kind: 'hold' })).toBe('0018');
    expect(plan(ok, [leg('@external/USD', '10')])).toBe('accepted');
    // positional rule: one balance may stand on both sides at different places
    expect(
      plan([leg('@rich', '5'), leg('@poor', '1'), leg('@rich', '4')], [leg('@poor', '2'), leg('@rich', '8')]),
    ).toBe('accepted');
  });

  it('books nothing for an annotation, funds or not', () => {
    const plan = planTransaction(
      command('10', [leg('@poor', '10')], [leg('@rich', '10')], { kind: 'annotation' }),
      among(balance('@poor', '1'), balance('@rich', '0')),
    );
    expect(plan.changed).toEqual([]);
    expect(plan.operations.map((o) => o.balanceAffected)).toEqual([false, false]);
  });

  it('marks the rows of a block, with the directions of a transfer', () => {
    const plan = planTransaction(
      command('10', [leg('@rich', '10')], [leg('@rich', '10', 'locked')], { kind: 'block' }),
      among(balance('@rich', '10'), balance('@rich', '0', { key: 'locked' })),
    );
    expect(plan.operations.map((o) => [o.type, o.direction])).toEqual([
      ['BLOCK', 'debit'],
      ['BLOCK', 'credit'],
    ]);
  });
});

describe('holds', () => {
  const a = balance('A', '100');
  const b = balance('B', '0');
  const hold = planTransaction(command('40', [leg('A', '40')], [leg('B', '40')], { kind: 'hold' }), among(a, b));
  const heldBooks = among(...after(hold, [a, b]));

  it('follow the worked example of the contract', () => {
    expect(hold.operations.map((o) => [o.type, o.direction])).toEqual([['ON_HOLD', 'debit']]);
    expect(hold.changed).toEqual([{ ...a, available: decimal(60n), onHold: decimal(40n), version: 4 }]);
    const commit = planTransition('commit', asHold(hold), heldBooks);
    expect(commit.changed).toEqual([
      { ...a, available: decimal(60n), onHold: zero, version: 5 },
      { ...b, available: decimal(40n), version: 4 },
    ]);
    expect(commit.operations.map((o) => [o.type, o.direction])).toEqual([
      ['DEBIT', 'debit'],
      ['CREDIT', 'credit'],
    ]);
    const cancel = planTransition('cancel', asHold(hold), heldBooks);
    expect(cancel.changed).toEqual([{ ...a, version: 5 }]);
    expect(cancel.operations.map((o) => [o.type, o.direction])).toEqual([['RELEASE', 'credit']]);
  });

  it('never cancel on a debit-direction destination, which the hold did not move', () => {
    const out = planTransaction(
      command('40', [leg('A', '40')], [leg('@external/USD', '40')], { kind: 'hold' }),
      among(a, external('100')),
    );
    const cancel = planTransition('cancel', asHold(out), among(...after(out, [a, external('100')])));
    expect(cancel.changed.map((x) => x.alias)).toEqual(['A']);
  });
});

describe('any accepted input', () => {
  const aliases = ['@external/USD', 'a', 'b', 'c', 'debt'];
  const world = fc.tuple(...aliases.map(() => fc.bigInt({ min: 0n, max: 10n ** 30n }))).map((amounts) =>
    aliases.map((alias, i) =>
      alias === '@external/USD'
        ? { ...external(), available: decimal(amounts[i] ?? 0n, 6) }
        : balance(alias, '0', {
            available: decimal(amounts[i] ?? 0n, 6),
            direction: alias === 'debt' ? 'debit' : 'credit',
          }),
    ),
  );
  const anyShare: fc.Arbitrary<LegShare> = fc.oneof(
    fc.integer({ min: 1, max: 40 }).map((p) => share(p)),
    fc.bigInt({ min: -5n, max: 10n ** 27n }).map((c) => ({ kind: 'amount' as const, value: decimal(c, 7) })),
    fc.constant(remaining),
  );
  const anyLegs = fc
    .array(fc.tuple(fc.constantFrom(...aliases), anyShare), { minLength: 1, maxLength: 3 })
    .chain((legs) =>
      fc
        .boolean()
        .map((close) => [...legs.map(([alias, s]) => leg(alias, s)), ...(close ? [leg('c', remaining)] : [])]),
    );
  const anyCommand = fc
    .tuple(
      fc.bigInt({ min: 1n, max: 10n ** 29n }),
      anyLegs,
      anyLegs,
      fc.constantFrom('direct', 'hold', 'annotation', 'block'),
    )
    .map(
      ([value, source, destination, kind]): CreateCommand => ({
        kind: kind as CreateCommand['kind'],
        assetCode: 'USD',
        value: decimal(value, 7),
        source,
        destination,
      }),
    );

  /** The database's own sum (trigger operations_balance). */
  function net(plan: Plan): Decimal {
    return plan.operations.reduce<Decimal>((sum, o) => {
      const available = subtract(o.after.available, o.before.available);
      const onHold = subtract(o.after.onHold, o.before.onHold);
      return add(sum, o.before.direction === 'credit' ? add(onHold, available) : subtract(onHold, available));
    }, zero);
  }

  it('balances: debits = credits in its rows and in what its balances became', () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyCommand, world, (order, balances) => {
        const find = among(...balances);
        let plan: Plan;
        try {
          plan = planTransaction(order, find);
        } catch (error) {
          if (error instanceof LedgerError) return;
          throw error;
        }
        accepted += 1;
        check(plan);
        if (order.kind !== 'hold') return;
        for (const phase of ['commit', 'cancel'] as const) {
          try {
            const next = planTransition(phase, asHold(plan), among(...after(plan, balances)));
            check(next);
            if (phase === 'cancel') for (const x of next.changed) expectRestored(x, balances);
          } catch (error) {
            if (!(error instanceof LedgerError) || error.code !== '0018') throw error;
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  function check(plan: Plan): void {
    expect(formatDecimal(net(plan))).toBe('0');
    if (plan.phase === 'direct' || plan.phase === 'commit') {
      const sums = { debit: zero as Decimal, credit: zero as Decimal };
      for (const o of plan.operations) sums[o.direction] = add(sums[o.direction], o.amount);
      expect(compare(sums.debit, sums.credit)).toBe(0);
    }
    for (const b of plan.changed) {
      if (b.accountType !== 'external') expect(sign(b.available)).toBeGreaterThanOrEqual(0);
      expect(sign(b.onHold)).toBeGreaterThanOrEqual(0);
      const rows = plan.operations.filter((o) => o.before.id === b.id);
      rows.forEach((o, i) => {
        if (i > 0) expect(o.before).toEqual(rows[i - 1]?.after);
        expect(o.after.version).toBe(o.before.version + 1);
      });
      expect(rows.at(-1)?.after).toEqual(b);
    }
  }

  function expectRestored(b: BalanceState, balances: BalanceState[]): void {
    const first = balances.find((x) => x.id === b.id) as BalanceState;
    expect({ ...b, version: first.version }).toEqual(first);
  }
});
