import type pg from 'pg';
import { sqlState } from '../../postgres/pg-errors.js';

/**
 * Rights on a database are one row of pg_database: two sessions that grant at once meet "tuple concurrently updated"
 * (XX000). One at a time, by a lock that ends with the transaction, and again when someone outside did it too.
 */
export async function changeSharedRights(pool: pg.Pool, sql: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await pool.connect();
    try {
      await client.query(`begin; select pg_advisory_xact_lock(${sharedRightsLock}); ${sql}; commit`);
      return;
    } catch (error) {
      await client.query('rollback').catch(() => {});
      if (sqlState(error) !== 'XX000' || attempt === 5) throw error;
    } finally {
      client.release();
    }
  }
}

/** Random constants; advisory locks live in the administrative database, which nobody else connects to. */
export const sharedRightsLock = '7410255930142201';
export const prepareServerLock = '7410255930142202';
