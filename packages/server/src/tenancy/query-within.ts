import type pg from 'pg';

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
  let timer: NodeJS.Timeout | undefined;
  let broken = true;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer of the control database within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    const query = client.query<Row>(text, values);
    query.catch(() => {}); // when the timeout wins, nobody waits for this any more
    const { rows } = await Promise.race([query, timeout]);
    broken = false;
    return rows;
  } finally {
    clearTimeout(timer);
    client.release(broken);
  }
}
