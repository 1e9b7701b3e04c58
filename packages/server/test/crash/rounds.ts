import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { seededRandom } from '../ledger/concurrency/seeded-random.js';
import { checkBooks } from './check-books.js';
import { openHttp } from './http.js';
import type { Place, Victim } from './places.js';
import { Workload } from './workload.js';

export interface RoundResult {
  readonly place: string;
  readonly victim: Victim;
  /** From the kill, or from the start of what an operator has to start, to the first 201. */
  readonly servingMs: number;
  readonly acknowledged: number;
  /** Creates and changes without an answer, or with one that says that nobody knows. */
  readonly unknown: number;
}

export interface RoundsOptions {
  readonly victims: readonly Victim[];
  readonly seed?: number | undefined;
  /** Serving again takes longer: the run fails. */
  readonly servingMsMax: number;
  readonly onRound?: (result: RoundResult, round: number) => void;
}

/**
 * Under load, kills one victim a round at a random moment, brings it back, and compares the books with what the clients
 * were told; then the clients ask again for what they do not know, and everything must be there exactly once. Throws with
 * the seed when something is wrong.
 */
export async function runRounds(place: Place, options: RoundsOptions): Promise<RoundResult[]> {
  const dice = seededRandom(options.seed);
  const http = openHttp();
  const results: RoundResult[] = [];
  try {
    const workload = await Workload.open(http, dice, place.url);
    for (const [round, victim] of options.victims.entries()) {
      const result = await runRound(place, victim, workload, dice.random, options.servingMsMax);
      results.push(result);
      options.onRound?.(result, round);
    }
    return results;
  } catch (error) {
    throw new Error(
      `round ${results.length + 1} (${options.victims[results.length]}) of ${place.name}, seed ${dice.seed}`,
      {
        cause: error,
      },
    );
  } finally {
    http.close();
  }
}

/** Before the kill. */
const acknowledgedMin = 20;

async function runRound(
  place: Place,
  victim: Victim,
  workload: Workload,
  random: () => number,
  servingMsMax: number,
): Promise<RoundResult> {
  const acknowledgedBefore = workload.counts.acknowledged;
  const backends = victim === 'backend' ? await postingBackends(place) : [];
  workload.start(() => place.url);
  // A kill of what has hardly begun shows nothing.
  while (workload.counts.acknowledged - acknowledgedBefore <= acknowledgedMin) await delay(25);
  await delay(random() * 600);
  const backend = backends[Math.floor(random() * backends.length)];
  if (victim === 'backend') process.kill(backend ?? fail('no backend to kill'), 'SIGKILL');
  if (victim === 'postmaster' || victim === 'both') process.kill(place.postmasterPid, 'SIGKILL');
  if (victim === 'server' || victim === 'both') place.killServer();
  // Clients go on against what is broken before anybody restarts it.
  await delay(random() * 300);
  const startedAt = performance.now();
  await place.restore(victim);
  while (!(await workload.probe(place.url))) {
    if (performance.now() - startedAt > 30_000) throw new Error('it does not serve again');
    await delay(25);
  }
  const servingMs = performance.now() - startedAt;
  await delay(100);
  await workload.stop();
  const { acknowledged, unknown } = await reconcile(workload, place.url, () =>
    checkBooks(place.admin, workload.creates, workload.changes),
  );
  if (servingMs > servingMsMax) throw new Error(`served again only after ${Math.round(servingMs)} ms`);
  return { place: place.name, victim, servingMs, acknowledged: acknowledged - acknowledgedBefore, unknown };
}

/**
 * Compares the books with what stopped clients were told; then they ask again for what they do not know, and everything must
 * be there exactly once. Answers what was known before asking again.
 */
export async function reconcile(workload: Workload, url: string, check: () => Promise<void>) {
  const before = workload.counts;
  await check();
  for (let i = 0; workload.counts.unknown > 0; i += 1) {
    if (i === 20) throw new Error('what was not answered is not answered when asked again');
    await workload.askAgain(url);
  }
  await check();
  return before;
}

/** The sessions of the program on the ledger's database. */
async function postingBackends({ admin }: Place): Promise<number[]> {
  const client = new pg.Client({ ...admin, ssl: false });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>(
      "select pid from pg_stat_activity where datname = 'cofferdam_ledger' and backend_type = 'client backend'",
    );
    return rows.map(({ pid }) => pid);
  } finally {
    await client.end();
  }
}

function fail(message: string): never {
  throw new Error(message);
}
