import Table from 'cli-table3';
import { Command } from 'commander';
import { readConfig } from '../../config.js';
import { type AuditFinding, auditBooks } from '../../ledger/audit/audit-books.js';
import { ledgerMigrations } from '../../ledger/migrations/index.js';
import { runtimeGrants } from '../../ledger/migrations/runtime-grants.js';
import { connectionSettings } from '../../postgres/connection-settings.js';
import { openTenantPool } from '../../postgres/pool.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { openControlDatabase } from '../../tenancy/control-database.js';
import { createVault } from '../../tenancy/credentials.js';
import { getPlacement } from '../../tenancy/placement.js';
import { prepareServer } from '../../tenancy/prepare-server.js';
import { prepareSingleTenant } from '../../tenancy/single-tenant.js';
import { CliError } from '../cli-error.js';
import { createLog } from '../log.js';
import type { Closers, Ground } from '../parts/part.js';
import { createProgress } from '../progress.js';
import { withGround } from '../with-ground.js';
import { environmentHelp } from './environment-help.js';

interface Diagnosis {
  readonly store: string;
  readonly findings: readonly AuditFinding[];
}

/** The audit that stands in for foreign keys, over every store, under each tenant's own login. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'audits the books of every tenant: debits and credits, balances, chains of operations, lost references',
    )
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', environmentHelp())
    .action(async ({ json }: { json?: boolean }) => {
      const config = readConfig(process.env);
      const progress = createProgress();
      const diagnoses = await withGround(config, createLog('warn'), (ground, closers) =>
        progress.step('auditing', async () => {
          const found: Diagnosis[] = [];
          for await (const { name, context } of config.multiTenant
            ? everyStore(ground, closers)
            : theStore(ground, closers)) {
            found.push({
              store: name,
              findings: await auditBooks(context, (rule) => progress.say(`${name}: ${rule}`)),
            });
          }
          return found;
        }),
      );
      if (json) console.log(JSON.stringify(diagnoses, undefined, 2));
      else printDiagnoses(diagnoses);
      const broken = diagnoses.filter(({ findings }) => findings.length > 0).length;
      if (broken > 0)
        throw new CliError(
          `${broken} of ${diagnoses.length} stores have findings: restore from a backup or correct by hand, and report it`,
        );
    });
}

interface NamedStore {
  readonly name: string;
  readonly context: TenantContext;
}

async function* theStore({ admin, names, secrets, log }: Ground, closers: Closers): AsyncGenerator<NamedStore> {
  if (admin === undefined) throw new CliError('DATABASE_URL is missing');
  const single = await prepareSingleTenant({
    admin,
    names,
    encryptionKey: secrets.encryptionKey,
    ledgerMigrations,
    runtimeGrants,
    log,
  });
  closers.add(() => single.drain(1_000));
  yield { name: 'single-tenant', context: single.context };
}

async function* everyStore({ admin, names, secrets, log, now }: Ground, closers: Closers): AsyncGenerator<NamedStore> {
  if (admin === undefined) throw new CliError('DATABASE_URL is missing');
  const prepared = await prepareServer({
    admin,
    names,
    encryptionKey: secrets.encryptionKey,
    ledgerMigrations,
    log,
    now,
  });
  const control = openControlDatabase(prepared.control, { now, onError: () => undefined });
  closers.add(() => control.close());
  const vault = createVault([secrets.encryptionKey]);
  const { rows } = await control.pool.query(
    `select id from tenant where status in ('active', 'suspended', 'deleting') order by created_at`,
  );
  for (const { id } of rows) {
    const placement = await getPlacement(control.pool, id);
    if (placement.runtimeCredential === null) continue;
    const { database, schema, runtimeLogin } = placement.store;
    const password = vault.open(id, 'runtime-login', placement.runtimeCredential);
    const pool = openTenantPool(connectionSettings({ ...admin, database, user: runtimeLogin, password }), {
      max: 1,
      applicationName: 'cofferdam doctor',
      searchPath: [schema],
    });
    try {
      yield { name: id, context: { tenantId: id, slug: undefined, configVersion: placement.configVersion, pool } };
    } finally {
      await pool.drain(1_000);
    }
  }
}

function printDiagnoses(diagnoses: readonly Diagnosis[]): void {
  const table = new Table({ head: ['store', 'rule', 'rows', 'first'], style: { head: [], border: [] } });
  for (const { store, findings } of diagnoses) {
    if (findings.length === 0) table.push([store, 'all rules hold', 0, '']);
    for (const { rule, count, example } of findings) table.push([store, rule, count, example]);
  }
  console.log(table.toString());
}
