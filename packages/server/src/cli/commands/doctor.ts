import Table from 'cli-table3';
import { Command } from 'commander';
import { readConfig } from '../../config.js';
import { type AuditFinding, auditBooks } from '../../ledger/audit/audit-books.js';
import { openTenantPool } from '../../postgres/pool.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { listStores } from '../../tenancy/list-stores.js';
import { CliError } from '../cli-error.js';
import { createLog } from '../log.js';
import type { Closers, Ground } from '../parts/part.js';
import { openFleet, openSingleStore } from '../parts/stores.js';
import { createProgress } from '../progress.js';
import { withGround } from '../with-ground.js';
import { databaseVariables, environmentHelp } from './environment-help.js';

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
    .addHelpText('after', environmentHelp(databaseVariables.filter((name) => name !== 'LOG_LEVEL')))
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

async function* theStore(ground: Ground, closers: Closers): AsyncGenerator<NamedStore> {
  yield { name: 'single-tenant', context: (await openSingleStore(ground, closers)).context };
}

async function* everyStore(ground: Ground, closers: Closers): AsyncGenerator<NamedStore> {
  for await (const { tenantId, settings, schema, configVersion } of listStores(await openFleet(ground, closers))) {
    const pool = openTenantPool(settings, { max: 1, applicationName: 'cofferdam doctor', searchPath: [schema] });
    try {
      yield { name: tenantId, context: { tenantId, slug: undefined, configVersion, pool } };
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
