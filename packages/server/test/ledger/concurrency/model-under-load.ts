import fc from 'fast-check';
import type pg from 'pg';
import { anyInstruction, type Instruction, startBalances } from '../../../../core/test/any-program.js';
import {
  type ModelKind,
  type ModelLeg,
  type ModelTransaction,
  ReferenceBooks,
} from '../../../../core/test/reference-books.js';
import { text } from '../posting/model-account.js';
import { seededRandom } from './seeded-random.js';
import { type Event, inOrder, type OperationSeen, toModelRow } from './serial-order.js';

/** One way to the same ledger; each stands for a server process. */
export interface Door {
  post(
    path: string,
    body: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; body: Answer }>;
}

// biome-ignore lint/suspicious/noExplicitAny: read member by member, and compared with the books afterwards
type Answer = any;

export interface ModelRun {
  readonly doors: readonly Door[];
  /** The ledger of the doors, with `startBalances` in it and nothing posted. */
  readonly ledgerId: string;
  /** Sees the tenant's tables. */
  readonly admin: pg.Pool;
  readonly commands: number;
  readonly clients: number;
  readonly seed?: number | undefined;
}

type Create = Extract<Instruction, { do: 'create' }>;

const keys = 40;
const refusals = new Set(['0018', '0019', '0087', '0088', '0090', '0098', '0099', '0167', '0168', '0486']);

/**
 * Many clients send random commands of all kinds through several server processes at once; the same keys come through all of
 * them. What they were told must be the outcome of doing it one after the other in some order: that order is found by the
 * versions of the balances, and the reference does it again in that order, row by row. Throws with the seed.
 */
export async function runModelUnderLoad(
  run: ModelRun,
): Promise<{ seed: number; posted: number; refused: Map<string, number> }> {
  const dice = seededRandom(run.seed);
  try {
    const load = new Load(run, dice);
    await load.run();
    const books = await readBooks(run);
    followOrder(inOrder(load.events(), books.operations), books.balances);
    return { seed: dice.seed, posted: load.posted.size, refused: load.refused };
  } catch (error) {
    throw new Error(`seed ${dice.seed}`, { cause: error });
  }
}

class Load {
  /** By transaction and phase: what was answered first. Every later answer must be the same. */
  readonly posted = new Map<string, { readonly event: Event; readonly text: string }>();
  readonly refused = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #run: ModelRun;
  readonly #dice: ReturnType<typeof seededRandom>;
  readonly #keyed: readonly Create[];
  readonly #instructions: IterableIterator<Instruction>;

  constructor(run: ModelRun, dice: ReturnType<typeof seededRandom>) {
    this.#run = run;
    this.#dice = dice;
    const all = fc.sample(anyInstruction, { numRuns: run.commands + keys * 3, seed: dice.seed });
    // A key stands for one body, as with every client that retries.
    this.#keyed = all
      .splice(0, keys * 3)
      .filter(isCreate)
      .slice(0, keys);
    this.#instructions = all.values();
  }

  events(): Event[] {
    return [...this.posted.values()].map(({ event }) => event);
  }

  async run(): Promise<void> {
    const client = async () => {
      for (const instruction of this.#instructions) await this.#do(instruction);
    };
    await Promise.all(Array.from({ length: this.#run.clients }, client));
  }

  async #do(instruction: Instruction): Promise<void> {
    const { random, pick } = this.#dice;
    const door = pick(this.#run.doors);
    if (instruction.do !== 'create') {
      const id = this.#ids.length === 0 ? undefined : this.#ids[instruction.target % this.#ids.length];
      if (id !== undefined)
        this.#note(await door.post(`${id}/${instruction.do}`, undefined), { kind: instruction.do, of: id });
    } else if (random() < 0.1) {
      await this.#batch(door, random() < 0.5);
    } else if (random() < 0.2) {
      const number = Math.floor(random() * this.#keyed.length);
      const create = this.#keyed[number] as Create;
      const [path, body] = toRequest(create);
      this.#note(await door.post(path, body, { 'x-idempotency': `key ${number}` }), create);
    } else {
      const [path, body] = toRequest(instruction);
      this.#note(await door.post(path, { ...body, metadata: { n: random() } }), instruction);
    }
  }

  async #batch(door: Door, atomic: boolean): Promise<void> {
    const entries = Array.from({ length: 2 + Math.floor(this.#dice.random() * 6) }, () => {
      const number = Math.floor(this.#dice.random() * this.#keyed.length);
      return { number, create: this.#keyed[number] as Create };
    }).filter(({ create }) => create.kind === 'direct' || create.kind === 'hold');
    if (entries.length === 0) return;
    // Under the same keys as single posts: a batch replays what was posted before it.
    const transactions = entries.map(({ number, create }) => ({
      ...toRequest(create)[1],
      idempotencyKey: `key ${number}`,
    }));
    const { status, body } = await door.post('batch', { atomic, transactions });
    if (status !== 200) {
      this.#refuse(status, body);
      return;
    }
    entries.forEach(({ create }, i) => {
      const result = body.results[i];
      this.#note({ status: result.status, body: result.transaction ?? result.error }, create);
    });
  }

  #note(
    { status, body }: { status: number; body: Answer },
    what: Create | { kind: 'commit' | 'cancel' | 'revert'; of: string },
  ): void {
    if (status !== 201) {
      this.#refuse(status, body);
      return;
    }
    const name = 'of' in what && what.kind !== 'revert' ? `end ${what.of}` : `create ${body.id}`;
    const text = JSON.stringify(body);
    const earlier = this.posted.get(name);
    if (earlier !== undefined) {
      if (earlier.text !== text) throw new Error(`${name} was answered as\n${earlier.text}\nand then as\n${text}`);
      return;
    }
    this.posted.set(name, { event: { name, id: body.id, what, operations: body.operations }, text });
    if (name.startsWith('create')) this.#ids.push(body.id);
  }

  #refuse(status: number, body: Answer): void {
    if (status < 400 || status >= 500 || !refusals.has(body.code))
      throw new Error(`no command deserves ${status} ${JSON.stringify(body)}`);
    this.refused.set(body.code, (this.refused.get(body.code) ?? 0) + 1);
  }
}

function isCreate(instruction: Instruction): instruction is Create {
  return instruction.do === 'create';
}

const routes: Readonly<Record<ModelKind, string>> = {
  direct: 'json',
  hold: 'json',
  annotation: 'annotation',
  block: 'block',
  unblock: 'unblock',
};

function toRequest({ kind, from, to }: Create): [path: string, body: object] {
  const value = text(from.reduce((sum, [, amount]) => sum + amount, 0n));
  const legs = (list: readonly ModelLeg[]) =>
    list.map(([name, amount]) => {
      const [accountAlias, balanceKey] = name.split('#');
      return { accountAlias, balanceKey, amount: { asset: 'USD', value: text(amount) } };
    });
  const send = { asset: 'USD', value, source: { from: legs(from) }, distribute: { to: legs(to) } };
  return [routes[kind], { send, ...(kind === 'hold' ? { pending: true } : {}) }];
}

/** The reference, one command after the other; every row and the balances at the end must be the same. */
function followOrder(events: readonly Event[], balances: readonly BalanceSeen[]): void {
  const model = new ReferenceBooks(startBalances, false);
  const made = new Map<string, ModelTransaction>();
  for (const { name, id, what, operations } of events) {
    const answer =
      'of' in what
        ? what.kind === 'revert'
          ? model.revert(known(made, what.of))
          : model.end(known(made, what.of), what.kind)
        : model.create(what.kind, what.from, what.to);
    if ('code' in answer) throw new Error(`${name} was posted; the reference refuses it with ${answer.code}`);
    if (!('of' in what) || what.kind === 'revert') made.set(id, answer.transaction);
    expectSame(name, operations.map(toModelRow), answer.rows);
  }
  for (const { alias, key, ...seen } of balances) {
    const { available, onHold, used, version } = model.balances.get(`${alias}#${key}`) as never as BalanceSeen;
    expectSame(`${alias}#${key}`, seen, { available, onHold, used, version });
    if (alias !== '@external/USD' && seen.available < 0n) throw new Error(`${alias}#${key} is below zero`);
  }
}

function known(made: ReadonlyMap<string, ModelTransaction>, id: string): ModelTransaction {
  const transaction = made.get(id);
  if (transaction === undefined) throw new Error(`${id} was ended or reverted before it was made`);
  return transaction;
}

function expectSame(what: string, is: unknown, should: unknown): void {
  const write = (value: unknown) => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v));
  if (write(is) !== write(should)) throw new Error(`${what} is ${write(is)}\nthe reference has ${write(should)}`);
}

interface BalanceSeen {
  readonly alias: string;
  readonly key: string;
  readonly available: bigint;
  readonly onHold: bigint;
  readonly used: bigint;
  readonly version: number;
}

async function readBooks({
  admin,
  ledgerId,
}: ModelRun): Promise<{ operations: OperationSeen[]; balances: BalanceSeen[] }> {
  const { rows: operations } = await admin.query<OperationSeen>(
    `select id, balance_id as "balanceId", version_before as "versionBefore", version_after as "versionAfter",
       balance_affected as affected from operation where ledger_id = $1`,
    [ledgerId],
  );
  const { rows } = await admin.query(
    `select alias, key, (available * 100)::bigint::text as available, (on_hold * 100)::bigint::text as on_hold,
       (overdraft_used * 100)::bigint::text as used, version from balance where ledger_id = $1 order by alias, key`,
    [ledgerId],
  );
  const balances = rows.map((row) => ({
    alias: row.alias,
    key: row.key,
    available: BigInt(row.available),
    onHold: BigInt(row.on_hold),
    used: BigInt(row.used),
    version: Number(row.version),
  }));
  return { operations, balances };
}
