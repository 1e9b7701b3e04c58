import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionSettings, withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import { openClient } from '../../packages/server/src/postgres/pool.js';
import type { Books } from '../stage/books.js';

/** What one of our transactions leaves in the WAL, measured. */
const walBytesEach = 3_000;

/**
 * What this machine's flush allows: the same arrivals, each one row that is as large in the WAL as a transaction of ours, with
 * nobody to plan, lock, check or answer over HTTP. What arrives while a commit is under way forms the next one, as in the
 * posting queue. Milliseconds from the scheduled moments.
 */
export async function flushFloor(
  admin: ConnectionSettings,
  { database }: Books,
  perSecond: number,
  window: { readonly warmUpMs: number; readonly measuredMs: number },
): Promise<readonly number[]> {
  const client = openClient(withDatabase(admin, database), { applicationName: 'bench' });
  await client.connect();
  try {
    await client.query('create table if not exists public.bench_floor (n integer, filling bytea)');
    const filling = Buffer.alloc(walBytesEach, 7);
    const latencies: number[] = [];
    const startedAt = performance.now();
    let due: number[] = [];
    let committing = false;
    const commit = async () => {
      if (committing) return;
      committing = true;
      while (due.length > 0) {
        const batch = due;
        due = [];
        const text = 'insert into public.bench_floor select n, $2 from generate_series(1, $1::integer) n';
        await client.query({ name: 'floor', text, values: [batch.length, filling] });
        const now = performance.now();
        if (now - startedAt > window.warmUpMs) for (const at of batch) latencies.push(now - at);
      }
      committing = false;
    };
    let nextAt = startedAt;
    let failure: unknown;
    const timer = setInterval(() => {
      for (const now = performance.now(); nextAt <= now; nextAt += 1000 / perSecond) due.push(nextAt);
      commit().catch((error: unknown) => {
        failure = error;
      });
    }, 1);
    await delay(window.warmUpMs + window.measuredMs);
    clearInterval(timer);
    await delay(200);
    if (failure !== undefined) throw failure;
    await client.query('drop table public.bench_floor');
    return latencies;
  } finally {
    await client.end();
  }
}
