import type pg from 'pg';
import { within } from './within.js';

/**
 * One query that answers or fails in time. A server that hangs never sends an error, and the driver would wait for ever:
 * the connection is thrown away with the question.
 */
export async function queryWithin<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  timeoutMs: number,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = await pool.connect();
  let broken = true;
  try {
    const late = () => new Error(`no answer of the control database within ${timeoutMs} ms`);
    const { rows } = await within(timeoutMs, client.query<Row>(text, values), late);
    broken = false;
    return rows;
  } finally {
    client.release(broken);
  }
}
