import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccountId,
  type BalanceId,
  type BalanceState,
  type Books,
  companionKey,
  type Decimal,
  decimal,
  defaultLedgerRules,
  type Hold,
  LedgerError,
  type LedgerRules,
  type Leg,
  type Plan,
  planTransaction,
  planTransition,
} from '../src/index.js';
import { anyProgram, type Instruction, startBalances } from './any-program.js';
import {
  type ModelBalance,
  type ModelLeg,
  type ModelRow,
  type ModelTransaction,
  ReferenceBooks,
} from './reference-books.js';

const routeId = '019c96a0-0000-7000-8000-000000000001';
const rubric = { debit: { code: 'd', description: 'd' }, credit: { code: 'c', description: 'c' } };
const routed: LedgerRules = {
  ...defaultLedgerRules,
  validateRoutes: true,
  findRoute: (id) => ({
    id,
    operationRoutes: [
      {
        id: routeId,
        operationType: 'bidirectional',
        account: null,
        entries: { direct: rubric, hold: rubric, commit: rubric, cancel: rubric, revert: rubric, overdraft: rubric },
      },
    ],
  }),
};

function toState({ alias, key, external, debitDirection, overdraft, available }: ModelBalance): BalanceState {
  return {
    id: `${alias}#${key}` as BalanceId,
    accountId: alias as AccountId,
    alias,
    key,
    assetCode: 'USD',
    accountType: external ? 'external' : 'deposit',
    direction: debitDirection ? 'debit' : 'credit',
    available: decimal(available, 2),
    onHold: decimal(0n),
    overdraftUsed: decimal(0n),
    version: 0,
    allowSending: true,
    allowReceiving: true,
    scope: key === companionKey ? 'internal' : 'transactional',
    allowOverdraft: overdraft !== undefined,
    overdraftLimit: typeof overdraft === 'bigint' ? decimal(overdraft, 2) : undefined,
  };
}

/** The planner on balances that lie in memory. */
class PlannedBooks implements Books {
  readonly balances = new Map(startBalances.map((balance) => [`${balance.alias}#${balance.key}`, toState(balance)]));
  readonly #rules: LedgerRules;
  constructor(rules: LedgerRules) {
    this.#rules = rules;
  }
  byName(alias: string, key: string) {
    return this.balances.get(`${alias}#${key}`);
  }
  byId(id: BalanceId) {
    return this.balances.get(id);
  }
  companionOf(accountId: AccountId) {
    return this.balances.get(`${accountId}#${companionKey}`);
  }
  create(
    kind: 'direct' | 'hold' | 'annotation' | 'block' | 'unblock',
    from: readonly ModelLeg[],
    to: readonly ModelLeg[],
  ) {
    const value = from.reduce((sum, [, amount]) => sum + amount, 0n);
    const [source, destination] = [from.map(toLeg), to.map(toLeg)];
    return this.#write(
      planTransaction(
        { kind, assetCode: 'USD', value: decimal(value, 2), source, destination, routeId },
        this,
        this.#rules,
      ),
    );
  }
  end(how: 'commit' | 'cancel', hold: Hold) {
    return this.#write(planTransition(how, hold, this, this.#rules));
  }
  #write(plan: Plan): Plan {
    for (const balance of plan.changed) this.balances.set(balance.id, balance);
    return plan;
  }
}

function toLeg([name, amount]: ModelLeg): Leg {
  const [accountAlias = '', balanceKey = ''] = name.split('#');
  return { accountAlias, balanceKey, share: { kind: 'amount', value: decimal(amount, 2) }, notes: { routeId } };
}

const cents = ({ coefficient, scale }: Decimal): bigint => coefficient * 10n ** BigInt(2 - scale);

function toRows(plan: Plan): ModelRow[] {
  return plan.operations.map(({ before, after, type, direction, amount, overdraftUsed, balanceAffected }) => {
    const pair = <T>(a: T, b: T, none: T) => (balanceAffected ? ([a, b] as const) : ([none, none] as const));
    return {
      name: before.id,
      type,
      direction,
      amount: cents(amount),
      available: pair(cents(before.available), cents(after.available), 0n),
      onHold: pair(cents(before.onHold), cents(after.onHold), 0n),
      used: pair(cents(overdraftUsed.before), cents(overdraftUsed.after), 0n),
      version: pair(before.version, after.version, 0),
    };
  });
}

/** Runs a program on both; reverts are left to the server, which makes them of what it stored. */
function run(program: readonly Instruction[], split: boolean, seen: Map<string, number>): void {
  const model = new ReferenceBooks(startBalances, split);
  const books = new PlannedBooks(split ? routed : defaultLedgerRules);
  const made: { transaction: ModelTransaction; hold: Hold }[] = [];
  for (const step of program) {
    const target = step.do === 'create' || made.length === 0 ? undefined : made[step.target % made.length];
    if (step.do === 'revert' || (step.do !== 'create' && target?.transaction.status !== 'PENDING')) continue;
    const expected =
      step.do === 'create'
        ? model.create(step.kind, step.from, step.to)
        : model.end(target?.transaction as ModelTransaction, step.do);
    let plan: Plan | undefined;
    let code: string | undefined;
    try {
      plan =
        step.do === 'create' ? books.create(step.kind, step.from, step.to) : books.end(step.do, target?.hold as Hold);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      ({ code } = error);
    }
    expect(plan ? toRows(plan) : code).toEqual('rows' in expected ? expected.rows : expected.code);
    const kind = step.do === 'create' ? step.kind : step.do;
    seen.set(code ?? kind, (seen.get(code ?? kind) ?? 0) + 1);
    for (const row of 'rows' in expected ? expected.rows : [])
      if (row.type === 'OVERDRAFT')
        seen.set(`${kind} ${row.direction}`, (seen.get(`${kind} ${row.direction}`) ?? 0) + 1);
    if (plan && 'transaction' in expected && step.do === 'create')
      made.push({ transaction: expected.transaction, hold: { legs: plan.legs, split, routeId } });
    check(books, model, plan);
  }
}

/** Both say the same of every balance; debits equal credits as the database counts them; what is owed is owed once. */
function check(books: PlannedBooks, model: ReferenceBooks, plan: Plan | undefined): void {
  const owed = new Map<string, bigint>();
  for (const [name, balance] of books.balances) {
    const { available, onHold, used, version } = model.balances.get(name) as ModelBalance;
    expect([
      name,
      cents(balance.available),
      cents(balance.onHold),
      cents(balance.overdraftUsed),
      balance.version,
    ]).toEqual([name, available, onHold, used, version]);
    expect(available >= 0n || balance.accountType === 'external').toBe(true);
    expect(onHold >= 0n && used >= 0n).toBe(true);
    const owes = balance.key === companionKey ? -available : used;
    owed.set(balance.accountId, (owed.get(balance.accountId) ?? 0n) + owes);
  }
  for (const [account, difference] of owed) expect([account, difference]).toEqual([account, 0n]);
  if (plan === undefined) return;
  let net = 0n;
  for (const { before, after } of plan.operations) {
    const available = cents(after.available) - cents(before.available);
    net += cents(after.onHold) - cents(before.onHold) + (before.direction === 'credit' ? available : -available);
  }
  expect(net).toBe(0n);
}

/** `npm run test:long` runs more. */
// biome-ignore lint/style/noProcessEnv: the switch of the long form, as in the server's tests
const numRuns = process.env['TEST_LONG'] === '1' ? 1_200 : 200;

describe('random programs', () => {
  it.each([
    ['one operation a hold', false],
    ['holds split in two, with routes', true],
  ])('agree with the reference on every row and balance: %s', (_, split) => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(anyProgram, (program) => run(program, split, seen)),
      { numRuns },
    );
    // What was never met proves nothing.
    const note = JSON.stringify([...seen]);
    for (const met of ['direct', 'hold', 'commit', 'cancel', 'annotation', 'block', 'unblock'])
      expect(seen.get(met) ?? 0, note).toBeGreaterThan(20);
    for (const met of ['direct debit', 'direct credit', 'hold debit', 'cancel credit', 'commit credit'])
      expect(seen.get(met) ?? 0, note).toBeGreaterThan(10);
    for (const met of ['0018', '0019', '0090', '0098', '0167', '0168'])
      expect(seen.get(met) ?? 0, note).toBeGreaterThan(5);
  });
});
