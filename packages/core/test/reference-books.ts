/**
 * The bookkeeping of ledger-api §5.5–5.9 once more, as plainly as it can be said: whole numbers, no plan, no sharing of
 * code with the ledger. Random programs must leave both with the same balances and the same rows.
 */

export interface ModelBalance {
  readonly alias: string;
  readonly key: string;
  readonly debitDirection: boolean;
  readonly external: boolean;
  /** Undefined: no overdraft; null: without limit. */
  readonly overdraft?: bigint | null;
  available: bigint;
  onHold: bigint;
  used: bigint;
  version: number;
}

export type ModelLeg = readonly [name: string, amount: bigint];
export type ModelKind = 'direct' | 'hold' | 'annotation' | 'block' | 'unblock';

export interface ModelRow {
  readonly name: string;
  readonly type: string;
  readonly direction: string;
  readonly amount: bigint;
  readonly available: readonly [bigint, bigint];
  readonly onHold: readonly [bigint, bigint];
  readonly used: readonly [bigint, bigint];
  readonly version: readonly [number, number];
}

export type ModelAnswer =
  | { readonly code: string }
  | { readonly transaction: ModelTransaction; readonly rows: ModelRow[] };

export interface ModelTransaction {
  status: 'APPROVED' | 'PENDING' | 'CANCELED' | 'NOTED';
  readonly from: readonly ModelLeg[];
  readonly to: readonly ModelLeg[];
  /** Taken from the overdraft by each source leg of a hold. */
  readonly drawn: bigint[];
  readonly held: boolean;
  readonly reversal: boolean;
  reverted: boolean;
}

type Step = [type: string, direction: 'debit' | 'credit', available: number, onHold: number];

export class ReferenceBooks {
  readonly balances = new Map<string, ModelBalance>();
  /** Whether holds are written as two operations. */
  readonly #split: boolean;

  constructor(balances: readonly ModelBalance[], split: boolean) {
    for (const balance of balances) this.balances.set(`${balance.alias}#${balance.key}`, { ...balance });
    this.#split = split;
  }

  create(kind: ModelKind, from: readonly ModelLeg[], to: readonly ModelLeg[], reversal = false): ModelAnswer {
    if (from.some(([name], i) => to[i]?.[0] === name)) return { code: '0090' };
    const names = [...from, ...to].map(([name]) => name);
    if (names.some((name) => name.endsWith('#overdraft') && this.balances.has(name))) return { code: '0168' };
    if (names.some((name) => !this.balances.has(name))) return { code: '0019' };
    if (kind === 'hold' && from.some(([name]) => this.balances.get(name)?.external)) return { code: '0098' };
    const transaction: ModelTransaction = {
      status: kind === 'hold' ? 'PENDING' : kind === 'annotation' ? 'NOTED' : 'APPROVED',
      from,
      to,
      drawn: from.map(() => 0n),
      held: kind === 'hold',
      reversal,
      reverted: false,
    };
    const [debit, credit] =
      kind === 'block' ? ['BLOCK', 'BLOCK'] : kind === 'unblock' ? ['UNBLOCK', 'UNBLOCK'] : ['DEBIT', 'CREDIT'];
    if (kind === 'hold') return this.#run(transaction, this.#holdSteps(), [], false);
    if (kind === 'annotation')
      return this.#run(transaction, [['DEBIT', 'debit', 0, 0]], [['CREDIT', 'credit', 0, 0]], false);
    return this.#run(transaction, [[debit, 'debit', -1, 0]], [[credit, 'credit', 1, 0]], false);
  }

  end(transaction: ModelTransaction, how: 'commit' | 'cancel'): ModelAnswer {
    if (transaction.status !== 'PENDING') return { code: transaction.held ? '0486' : '0099' };
    const answer =
      how === 'commit'
        ? this.#run(
            transaction,
            [this.#split ? ['ON_HOLD', 'debit', 0, -1] : ['DEBIT', 'debit', 0, -1]],
            [['CREDIT', 'credit', 1, 0]],
            false,
          )
        : this.#run(
            transaction,
            this.#split
              ? [
                  ['RELEASE', 'debit', 0, -1],
                  ['CREDIT', 'credit', 1, 0],
                ]
              : [['RELEASE', 'credit', 1, -1]],
            [],
            true,
          );
    if ('rows' in answer) transaction.status = how === 'commit' ? 'APPROVED' : 'CANCELED';
    return answer;
  }

  revert(transaction: ModelTransaction): ModelAnswer {
    if (transaction.reverted) return { code: '0087' };
    if (transaction.reversal) return { code: '0088' };
    if (transaction.status !== 'APPROVED') return { code: '0099' };
    const answer = this.create('direct', sorted(transaction.to), sorted(transaction.from), true);
    if ('rows' in answer) transaction.reverted = true;
    return answer;
  }

  #holdSteps(): Step[] {
    return this.#split
      ? [
          ['DEBIT', 'debit', -1, 0],
          ['ON_HOLD', 'credit', 0, 1],
        ]
      : [['ON_HOLD', 'debit', -1, 1]];
  }

  #run(transaction: ModelTransaction, source: Step[], destination: Step[], exactReturn: boolean): ModelAnswer {
    const before = new Map([...this.balances].map(([name, balance]) => [name, { ...balance }]));
    const [rows, companions]: [ModelRow[], ModelRow[]] = [[], []];
    let [poor, overLimit] = [false, false];
    const legs = [
      ...transaction.from.map((leg, i) => ({ leg, i, side: 0, steps: source })),
      ...transaction.to.map((leg, i) => ({ leg, i, side: 1, steps: destination })),
    ].sort((a, b) => compareText(a.leg[0], b.leg[0]) || a.side - b.side || a.i - b.i);
    for (const { leg, i, side, steps } of legs)
      for (const step of steps) {
        const outcome = this.#move(leg, step, exactReturn ? (transaction.drawn[i] ?? 0n) : undefined);
        if (outcome === undefined) {
          poor = true;
          continue;
        }
        if (outcome.drawn > 0n && side === 0) transaction.drawn[i] = outcome.drawn;
        overLimit ||= outcome.overLimit;
        rows.push(outcome.row);
        if (outcome.companion) companions.push(outcome.companion);
      }
    if (!poor && !overLimit) return { transaction, rows: [...rows, ...companions] };
    this.balances.clear();
    for (const [name, balance] of before) this.balances.set(name, balance);
    return { code: poor ? '0018' : '0167' };
  }

  #move([name, amount]: ModelLeg, [type, direction, available, onHold]: Step, exact: bigint | undefined) {
    const balance = this.balances.get(name) as ModelBalance;
    const { available: a, onHold: h, used: u, version: v } = balance;
    const nothing = available === 0 && onHold === 0;
    const drawn =
      available < 0 && balance.overdraft !== undefined && amount > balance.available ? amount - balance.available : 0n;
    const repaid = available > 0 && balance.used > 0n ? min(exact ?? amount, balance.used) : 0n;
    const own = amount - drawn - repaid;
    const change = BigInt(balance.debitDirection ? -available : available) * own;
    if (change < 0n && balance.available + change < 0n && !balance.external) return undefined;
    balance.available += change;
    balance.onHold += BigInt(onHold) * amount;
    balance.used += drawn - repaid;
    if (!nothing) balance.version += 1;
    const used = [u, balance.used] as const;
    const row: ModelRow = nothing
      ? { name, type, direction, amount, available: [0n, 0n], onHold: [0n, 0n], used: [0n, 0n], version: [0, 0] }
      : {
          name,
          type,
          direction,
          amount: onHold === 0 ? own : amount,
          available: [a, balance.available],
          onHold: [h, balance.onHold],
          used,
          version: [v, balance.version],
        };
    const companion = drawn + repaid > 0n ? this.#carry(balance.alias, drawn, repaid, used) : undefined;
    const overLimit = drawn > 0n && typeof balance.overdraft === 'bigint' && balance.used > balance.overdraft;
    return { row, companion, drawn, overLimit };
  }

  #carry(alias: string, drawn: bigint, repaid: bigint, used: readonly [bigint, bigint]): ModelRow {
    const companion = this.balances.get(`${alias}#overdraft`) as ModelBalance;
    const { available, onHold, version } = companion;
    companion.available += drawn - repaid;
    companion.version += 1;
    return {
      name: `${alias}#overdraft`,
      type: 'OVERDRAFT',
      direction: drawn > 0n ? 'debit' : 'credit',
      amount: drawn + repaid,
      available: [available, companion.available],
      onHold: [onHold, onHold],
      used,
      version: [version, companion.version],
    };
  }
}

const min = (a: bigint, b: bigint) => (a < b ? a : b);
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** As the rows stand, which is what a reversal is made of. */
function sorted(legs: readonly ModelLeg[]): ModelLeg[] {
  return [...legs].sort((a, b) => compareText(a[0], b[0]));
}
