import { withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import { openClient } from '../../packages/server/src/postgres/pool.js';
import { copyIn, copyOut } from '../load/copy.js';
import type { Stage } from '../stage/stage.js';
import { cpuMeter, type Scenario } from './scenario.js';

/** As many as the batches that are compared with it. */
const transactionsPerCommit = 200;

/**
 * `COPY` of transactions and operations as the other scenarios wrote them, under new ids, into tables with the same
 * indexes and checks: what PostgreSQL itself can take from one session, with nobody to plan, lock or answer.
 */
export const copyCeiling: Scenario = {
  name: 'copy',
  title: `COPY alone of the same rows, ${transactionsPerCommit.toLocaleString('en-US')} transactions a commit`,
  unit: 'transactions/s',
  async run({ stage, window }) {
    const client = openClient(withDatabase(stage.admin, stage.books.database), {
      applicationName: 'bench',
      searchPath: ['ceiling', stage.books.schema],
    });
    await client.connect();
    const meter = cpuMeter(stage, undefined);
    const latencies: number[] = [];
    let copied = 0;
    try {
      await prepareTables(client, stage);
      const rows = await sampleRows(client, stage.books.schema);
      const countFrom = performance.now() + window.warmUpMs;
      let opened = false;
      while (performance.now() < countFrom + window.measuredMs) {
        if (!opened && performance.now() >= countFrom) {
          opened = true;
          meter.edges.opened();
        }
        const fresh = rows.renew();
        const startedAt = performance.now();
        await client.query('begin');
        await copyIn(client, 'copy transaction from stdin', fresh.transactions);
        await copyIn(client, 'copy operation from stdin', fresh.operations);
        await client.query('commit');
        if (!opened) continue;
        latencies.push(performance.now() - startedAt);
        copied += rows.count;
      }
      meter.edges.closed();
    } finally {
      await client.end();
    }
    // Only the time inside the database: making new ids is no part of the ceiling.
    const busySeconds = latencies.reduce((sum, ms) => sum + ms, 0) / 1000;
    return {
      perSecond: copied / busySeconds,
      latencies,
      ...meter.shares(),
      perCommit: transactionsPerCommit,
      rowsPerTransaction: 3,
      refused: {},
    };
  },
};

type Client = ReturnType<typeof openClient>;

/** Kept between rounds, so that they grow as the measured tables do. */
async function prepareTables(client: Client, { books }: Stage): Promise<void> {
  const { rows } = await client.query(`select from pg_namespace where nspname = 'ceiling'`);
  if (rows.length > 0) return;
  await client.query(`
    create schema ceiling;
    create table ceiling.transaction (like ${books.schema}.transaction including all);
    create table ceiling.operation (like ${books.schema}.operation including all);
    create trigger operations_balance after insert on ceiling.operation referencing new table as inserted_operations
      for each statement execute function ${books.schema}.refuse_unbalanced_operations()`);
}

/** Rows of one commit as COPY prints them, with a way to give them ids never used before that grow as ours do. */
async function sampleRows(client: Client, schema: string) {
  await client.query(`
    create temp table sample as
    select * from ${schema}.transaction t where (select count(*) from ${schema}.operation o where o.transaction_id = t.id) = 2
    order by id desc limit ${transactionsPerCommit}`);
  const transactions = await copyOut(client, 'copy (select * from sample order by id) to stdout');
  const operations = await copyOut(
    client,
    `copy (select o.* from ${schema}.operation o join sample s on o.transaction_id = s.id order by o.id) to stdout`,
  );
  const count = transactions.split('\n').length - 1;
  let round = 0;
  return {
    count,
    renew() {
      round += 1;
      // The first 12 digits of our ids are the time; later commits must sort behind earlier ones.
      const time = (Date.now() * 0x10 + (round % 0x10)).toString(16).slice(-13, -1).padStart(12, '0');
      const salt = round.toString(16).padStart(4, '0').slice(-4);
      return {
        transactions: renewIds(transactions, time, salt, [0]),
        operations: renewIds(operations, time, salt, [0, 1]),
      };
    },
  };
}

function renewIds(text: string, time: string, salt: string, columns: readonly number[]): Buffer {
  const lines = text.split('\n').map((line) => {
    if (line === '') return line;
    const fields = line.split('\t');
    for (const column of columns) {
      const id = fields[column] as string;
      fields[column] = `${time.slice(0, 8)}-${time.slice(8)}-7${id.slice(15, 18)}-8${salt.slice(1)}-${id.slice(24)}`;
    }
    return fields.join('\t');
  });
  return Buffer.from(lines.join('\n'));
}
