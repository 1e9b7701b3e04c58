import { setTimeout as delay } from 'node:timers/promises';
import type { seededRandom } from '../ledger/concurrency/seeded-random.js';
import { emptyAlias, faultOfBalances, faultOfCreate, faultOfRead } from './answers.js';
import type { Http, Reply } from './http.js';
import { type ChangeRecord, type CreateRecord, type Fate, fateOf, notConnected } from './records.js';

const accounts = Array.from({ length: 12 }, (_, i) => `@a${i}`);
const clients = 16;
const entriesPerBatch = 5;

/** Callers that post all kinds of transactions until they are stopped, and remember what they were told. */
export class Workload {
  readonly creates: CreateRecord[] = [];
  readonly changes: ChangeRecord[] = [];
  /** Requests without an answer, or with one of the 5xx, by what was answered. */
  readonly failures: string[] = [];
  /** Answers that say what is not so: there may never be one. */
  readonly wrong: string[] = [];
  /** Answers to reads that were looked into. */
  read = 0;
  /** The slowest answer, in ms. */
  slowestMs = 0;
  readonly #http: Http;
  readonly #dice: ReturnType<typeof seededRandom>;
  /** Of the ledger, without the server's address: that may change. */
  readonly #path: string;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = true;
  #made = 0;
  /** Acknowledged, so to be read by everybody from then on. */
  readonly #known: CreateRecord[] = [];

  constructor(http: Http, dice: ReturnType<typeof seededRandom>, path: string) {
    this.#http = http;
    this.#dice = dice;
    this.#path = path;
  }

  static async open(http: Http, dice: ReturnType<typeof seededRandom>, url: string): Promise<Workload> {
    const make = async (path: string, body: unknown) => {
      const { status, body: answer } = await http.send(`${url}${path}`, 'POST', body);
      if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(answer)}`);
      return answer.id as string;
    };
    const organization = `/v1/organizations/${await make('/v1/organizations', { legalName: 'O', legalDocument: '1' })}`;
    const path = `${organization}/ledgers/${await make(`${organization}/ledgers`, { name: 'main' })}`;
    await make(`${path}/assets`, { name: 'Dollar', type: 'currency', code: 'USD' });
    for (const alias of [...accounts, emptyAlias])
      await make(`${path}/accounts`, { name: alias, assetCode: 'USD', type: 'deposit', alias });
    for (const alias of accounts) await make(`${path}/transactions/json`, transfer('100000', '@external/USD', alias));
    return new Workload(http, dice, path);
  }

  start(url: () => string): void {
    this.#stopped = false;
    this.#running = Promise.all([...Array.from({ length: clients }, () => this.#client(url)), this.#reader(url)]);
  }

  /** How many creates and changes were acknowledged, and how many nobody knows of. */
  get counts(): { readonly acknowledged: number; readonly unknown: number } {
    const all = [...this.creates, ...this.changes];
    const count = (fate: Fate) => all.filter((each) => each.fate === fate).length;
    return { acknowledged: count('acknowledged'), unknown: count('unknown') };
  }

  /** @throws Error when anything that was answered meanwhile was not so */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#refuseWrong();
  }

  #refuseWrong(): void {
    if (this.wrong.length > 0)
      throw new Error(`${this.wrong.length} wrong answers:\n${this.wrong.slice(0, 5).join('\n')}`);
  }

  /** One post, for finding out whether the server serves. */
  async probe(url: string): Promise<boolean> {
    const record = this.#newCreate();
    await this.#create(url, record);
    return record.fate === 'acknowledged';
  }

  /** What every client does that was not answered: the same again, with the same key. Then nothing is unknown any more. */
  async askAgain(url: string): Promise<void> {
    const unknown = <T extends { fate: Fate }>(list: readonly T[]) => list.filter(({ fate }) => fate === 'unknown');
    const tasks = [
      ...unknown(this.creates).map((record) => () => this.#create(url, record)),
      ...unknown(this.changes).map((record) => () => this.#change(url, record, true)),
    ].values();
    const worker = async () => {
      for (const task of tasks) await task();
    };
    await Promise.all(Array.from({ length: clients }, worker));
    this.#refuseWrong();
  }

  /** Reads what was acknowledged, and all balances at once. */
  async #reader(url: () => string): Promise<void> {
    while (!this.#stopped) {
      const record = this.#dice.random() < 0.5 && this.#known.length > 0 ? this.#dice.pick(this.#known) : undefined;
      const path = record === undefined ? 'balances?limit=100' : `transactions/${record.id}`;
      const reply = await this.#send(url(), path, undefined, { method: 'GET' });
      if (reply !== undefined && reply.status < 500) {
        this.read += 1;
        const fault = record === undefined ? faultOfBalances(reply) : faultOfRead(record, reply);
        if (fault !== undefined) this.wrong.push(fault);
      }
      await delay(10);
    }
  }

  async #client(url: () => string): Promise<void> {
    const holds: string[] = [];
    const done: string[] = [];
    const take = (list: string[]) => list.splice(Math.floor(this.#dice.random() * list.length), 1)[0];
    while (!this.#stopped) {
      const dice = this.#dice.random();
      const target = dice < 0.12 ? take(holds) : dice < 0.2 ? take(done) : undefined;
      if (target !== undefined) {
        const kind = dice < 0.06 ? 'commit' : dice < 0.12 ? 'cancel' : 'revert';
        const record: ChangeRecord = { kind, id: target, fate: 'unknown' };
        this.changes.push(record);
        await this.#change(url(), record, false);
      } else if (dice < 0.3) {
        await this.#batch(url(), dice < 0.24);
      } else {
        const record = this.#newCreate(dice < 0.4, dice > 0.85);
        await this.#create(url(), record);
        if (record.id !== undefined) (dice > 0.85 ? holds : done).push(record.id);
      }
      // A server that is gone refuses at once: no busy loop.
      if (this.#lastFailed) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  #lastFailed = false;

  #newCreate(doomed = false, pending = false): CreateRecord {
    this.#made += 1;
    const tag = `t${this.#made}`;
    const from = doomed ? emptyAlias : this.#dice.pick(accounts);
    const to = this.#dice.pick(accounts.filter((alias) => alias !== from));
    const body = { ...transfer('1', from, to), metadata: { tag }, ...(pending ? { pending } : {}) };
    const record: CreateRecord = { tag, route: 'json', body, fate: 'unknown' };
    this.creates.push(record);
    return record;
  }

  async #batch(url: string, atomic: boolean): Promise<void> {
    const entries = Array.from({ length: entriesPerBatch }, (_, i) => this.#newCreate(i === 3 && !atomic));
    const transactions = entries.map(({ tag, body }) => ({ ...(body as object), idempotencyKey: tag }));
    const body = { atomic, transactions };
    const reply = await this.#send(url, 'transactions/batch', body);
    if (reply === undefined) return; // asked again, each entry is a create of its own under its key
    entries.forEach((record, i) => {
      if (reply.status !== 200) record.fate = fateOf(reply);
      else this.#note(record, { status: reply.body.results[i].status, body: resultOf(reply.body.results[i]) });
    });
  }

  async #create(url: string, record: CreateRecord): Promise<void> {
    const headers = { 'x-idempotency': record.tag };
    const reply = await this.#send(url, 'transactions/json', record.body, { headers });
    if (reply !== undefined) this.#note(record, reply);
  }

  #note(record: CreateRecord, reply: Reply): void {
    const fault = faultOfCreate(record, reply);
    if (fault !== undefined) this.wrong.push(fault);
    record.fate = fateOf(reply);
    if (record.fate !== 'acknowledged') return;
    record.id = reply.body.id;
    this.#known.push(record);
  }

  async #change(url: string, record: ChangeRecord, again: boolean): Promise<void> {
    const reply = await this.#send(url, `transactions/${record.id}/${record.kind}`, undefined);
    if (reply === undefined) return;
    record.fate = fateOf(reply);
    // It has no key, but it can be done only once: a refusal now says that the first call did it.
    if (again && record.fate === 'refused' && ['0486', '0099', '0087'].includes(reply.body.code))
      record.fate = 'acknowledged';
    else if (record.fate === 'acknowledged' && record.kind === 'revert') record.reversalId = reply.body.id;
  }

  async #send(
    url: string,
    path: string,
    body: unknown,
    { method = 'POST', headers }: { readonly method?: 'GET' | 'POST'; readonly headers?: Record<string, string> } = {},
  ): Promise<Reply | undefined> {
    const sentAt = performance.now();
    try {
      const reply = await this.#http.send(`${url}${this.#path}/${path}`, method, body, headers);
      this.#lastFailed = reply.status === 503;
      if (reply.status >= 500) this.failures.push(`${reply.status} ${reply.body?.detail ?? reply.body?.title}`);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - sentAt);
      return reply;
    } catch (error) {
      this.#lastFailed = true;
      this.failures.push(String(error));
      // Nobody was there to be asked.
      if ((error as { code?: unknown }).code === 'ECONNREFUSED') return notConnected;
      return undefined;
    }
  }
}

function resultOf(result: { readonly transaction?: unknown; readonly error?: unknown }): unknown {
  return result.transaction ?? result.error;
}

function transfer(value: string, from: string, to: string) {
  const amount = { asset: 'USD', value };
  return {
    send: {
      ...amount,
      source: { from: [{ accountAlias: from, amount }] },
      distribute: { to: [{ accountAlias: to, amount }] },
    },
  };
}
