import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ledgerMigrations } from '../../packages/server/src/ledger/migrations/index.js';
import { runtimeGrants } from '../../packages/server/src/ledger/migrations/runtime-grants.js';
import { findDrift } from '../../packages/server/src/tenancy/fleet/find-drift.js';
import { migrateFleet } from '../../packages/server/src/tenancy/fleet/migrate-fleet.js';
import { newKey, transferBody } from '../load/requests.js';
import { program } from '../stage/cluster.js';
import type { FleetStage } from './stage.js';

const run = promisify(execFile);

export interface FleetFigures {
  readonly tenants: number;
  /** Of a tenant, three being made at the same time on two cores. */
  readonly provisioningMedianMs: number;
  /** One after the other, from stores made ahead. */
  readonly databaseFromSpareMedianMs: number;
  readonly schemaFromSpareMedianMs: number;
  /** The whole command, from its start to its end. */
  readonly nothingToDoSeconds: number;
  readonly columnsSeconds: number;
  readonly tenantsFailed: number;
  readonly driftSeconds: number;
  readonly tenantsDrifted: number;
  /** While the columns were added. */
  readonly requests: number;
  readonly requestsFailed: number;
  readonly slowestRequestMs: number;
}

export async function measureFleet(
  stage: FleetStage,
  options: { readonly parallel: number; readonly say: (text: string) => void },
): Promise<FleetFigures> {
  const { say, parallel } = options;
  say('nothing to do');
  const nothingToDoSeconds = await timed(() =>
    run(process.execPath, [program, 'migrate', '--json'], { env: stage.environment }),
  );
  const added = {
    id: '9999_bench',
    sql: `alter table transaction add column bench_note text;
          alter table balance add column bench_note text;
          alter table account add column bench_note text default 'none'`,
  };
  const tools = { ...stage, ledgerMigrations: [...ledgerMigrations, added], runtimeGrants };
  say('columns, under load');
  const load = startLoad(stage);
  let tenantsFailed = 0;
  const columnsSeconds = await timed(async () => {
    const { results } = await migrateFleet(tools, {
      readerLogin: 'cofferdam_control_reader',
      parallel,
      onProgress: (done, total) => (done % 100 === 0 ? say(`migrated ${done} of ${total}`) : undefined),
    });
    for (const { tenantId, error } of results)
      if (error !== undefined) process.stderr.write(`tenant ${tenantId}: ${error}\n`);
    tenantsFailed = results.filter(({ error }) => error !== undefined).length + stage.tenants - results.length;
  });
  const traffic = await load.stop();
  say('structure');
  const drift = await findDrift(tools, { parallel });
  return {
    tenants: stage.tenants,
    provisioningMedianMs: stage.provisioningMs,
    databaseFromSpareMedianMs: stage.fromSpareMs.database,
    schemaFromSpareMedianMs: stage.fromSpareMs.schema,
    nothingToDoSeconds,
    columnsSeconds,
    tenantsFailed,
    driftSeconds: drift.ms / 1_000,
    tenantsDrifted: drift.drifted.length + drift.failed.length,
    ...traffic,
  };
}

/** Each busy tenant posts and reads in turn, again and again, without a pause but one request at a time. */
function startLoad({ server, books }: FleetStage) {
  let stopped = false;
  let requests = 0;
  let requestsFailed = 0;
  let slowestRequestMs = 0;
  const ask = async (method: string, path: string, token: string | undefined, body?: unknown) => {
    const start = performance.now();
    try {
      const answer = await fetch(`${server.urls.ledger}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-idempotency': newKey() },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) {
        requestsFailed += 1;
        if (requestsFailed <= 3) process.stderr.write(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}\n`);
      }
    } catch (error) {
      requestsFailed += 1;
      process.stderr.write(`${method} ${path}: ${String(error)}\n`);
    }
    requests += 1;
    slowestRequestMs = Math.max(slowestRequestMs, Math.round(performance.now() - start));
  };
  const workers = books.map(async ({ path, token, aliases }, at) => {
    for (let turn = at; !stopped; turn += 1) {
      const [from, to] = [aliases[turn % aliases.length], aliases[(turn + 7) % aliases.length]] as [string, string];
      const body = transferBody([{ alias: from, amount: '1' }], [{ alias: to, amount: '1' }], '1');
      await ask('POST', `${path}/transactions/json`, token, body);
      await ask('GET', `${path}/accounts/alias/${from}/balances`, token);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(workers);
      return { requests, requestsFailed, slowestRequestMs };
    },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return Math.round(performance.now() - start) / 1_000;
}
