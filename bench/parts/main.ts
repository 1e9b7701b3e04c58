import { readFileSync } from 'node:fs';
import { withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import { openClient } from '../../packages/server/src/postgres/pool.js';
import { copyIn, copyOut } from '../load/copy.js';
import { median, readable } from '../measure/statistics.js';
import { openStallStage } from '../stalls/stage.js';

// npm run bench:parts: what each table of a batch of 200 costs PostgreSQL's processor, from rows that lie there, beside COPY
// of the same transactions and operations. CPU of the one session as the kernel counts it, so it holds on a busy machine too.

const transactions = 200;
const repetitions = 60;

/** Fresh ids in each repetition, made before anything is measured. */
const freshRows = `
  drop table if exists ids, ft, fo;
  create temp table ids as select id as old, uuidv7() as new from sample order by id;
  create temp table ft as select * from sample;
  update ft set id = ids.new from ids where ft.id = ids.old;
  create temp table fo as select o.* from operation o join ids on o.transaction_id = ids.old order by o.id;
  update fo set id = uuidv7(), transaction_id = ids.new from ids where fo.transaction_id = ids.old`;

const parts: readonly (readonly [name: string, statement: string])[] = [
  ['transactions', 'insert into transaction select * from ft order by id'],
  ['operations', 'insert into operation select * from fo order by id'],
  [
    'idempotency keys',
    `insert into idempotency_key (ledger_id, key_hash, transaction_id, expires_at)
     select ledger_id, sha256(id::text::bytea), id, now() + interval '1 day' from ft order by 1, 2
     on conflict (ledger_id, key_hash) do update set expires_at = excluded.expires_at
     where idempotency_key.expires_at <= now()`,
  ],
  ['outbox', `insert into outbox (event, record_id) select 'transaction.posted', id from ft order by id`],
  [
    'balances',
    `update balance set version = version + 1, updated_at = now()
     where id in (select balance_id from fo)`,
  ],
  ['commit', 'commit'],
];

const stage = await openStallStage({ accounts: 400, settings: {}, nodeOptions: [] }, (text) => console.error(text));
const client = openClient(withDatabase(stage.admin, stage.books.database), {
  applicationName: 'bench',
  searchPath: [stage.books.schema],
});
await client.connect();
try {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const cpuUs = () => Number(readFileSync(`/proc/${rows[0]?.pid}/schedstat`, 'latin1').split(' ')[0]) / 1000;
  const spent = new Map<string, number[]>();
  const measure = async (name: string, work: () => Promise<unknown>) => {
    const before = cpuUs();
    await work();
    const each = (cpuUs() - before) / transactions;
    spent.set(name, [...(spent.get(name) ?? []), each]);
  };
  await client.query(`create temp table sample as select * from transaction order by id desc limit ${transactions}`);
  for (let i = 0; i < repetitions; i += 1) {
    await client.query(freshRows);
    await client.query('begin');
    for (const [name, statement] of parts) await measure(name, () => client.query(statement));
    await client.query(freshRows);
    const t = Buffer.from(await copyOut(client, 'copy (select * from ft order by id) to stdout'));
    const o = Buffer.from(await copyOut(client, 'copy (select * from fo order by id) to stdout'));
    await client.query('begin');
    await measure('COPY of transactions', () => copyIn(client, 'copy transaction from stdin', t));
    await measure('COPY of operations', () => copyIn(client, 'copy operation from stdin', o));
    await measure('commit after COPY', () => client.query('commit'));
  }
  console.log(`\n| ${transactions} to a commit, ${repetitions} times | PostgreSQL, µs a transaction |\n|---|--:|`);
  for (const [name, list] of spent) console.log(`| ${name} | ${readable(median(list))} |`);
} finally {
  await client.end();
  await stage.close();
}
