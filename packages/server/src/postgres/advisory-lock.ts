import type pg from 'pg';

export interface AdvisoryLock {
  release(): Promise<void>;
}

/**
 * Undefined when someone else on this server holds it. The lock keeps a connection of the pool and ends with it, however the
 * process ends.
 * @param key a signed 64-bit number in digits
 */
export async function takeAdvisoryLock(pool: pg.Pool, key: string): Promise<AdvisoryLock | undefined> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [key]);
    if (rows[0]?.mine !== true) {
      client.release();
      return undefined;
    }
  } catch (error) {
    client.release(true);
    throw error;
  }
  return {
    async release() {
      const broken = await client.query('select pg_advisory_unlock($1)', [key]).then(
        () => false,
        () => true, // the connection goes, and the lock with it
      );
      client.release(broken);
    },
  };
}

/** Runs `work` as the only one that holds the lock; undefined when someone else does. */
export async function underAdvisoryLock<T>(pool: pg.Pool, key: string, work: () => Promise<T>): Promise<T | undefined> {
  const lock = await takeAdvisoryLock(pool, key);
  if (lock === undefined) return undefined;
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
