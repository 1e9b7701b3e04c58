import { openClient } from '../../packages/server/src/postgres/pool.js';
import type { Stage } from '../stage/stage.js';

/** The costliest statements of the run by pg_stat_statements, when `BENCH_STATEMENTS` switched it on. */
export async function costliestStatements({ admin }: Pick<Stage, 'admin'>): Promise<string> {
  const client = openClient(admin, { applicationName: 'bench' });
  await client.connect();
  try {
    await client.query('create extension if not exists pg_stat_statements');
    const { rows } = await client.query(`
      select d.datname as database, sum(calls)::int as calls, sum(total_plan_time)::int as "plan ms",
             sum(total_exec_time)::int as "exec ms", (sum(total_exec_time) / nullif(sum(calls), 0))::numeric(12, 3)::float8 as "mean ms",
             (sum(total_plan_time) / nullif(sum(calls), 0))::numeric(12, 3)::float8 as "mean plan ms",
             left(regexp_replace(query, '\\s+', ' ', 'g'), 60) as query
      from pg_stat_statements s join pg_database d on d.oid = s.dbid
      group by 1, s.query order by sum(total_exec_time + total_plan_time) desc limit 25`);
    return rows.map((row) => Object.values(row).join('\t')).join('\n');
  } finally {
    await client.end();
  }
}
