import { Command } from 'commander';
import { hashOfReport, type PurgeReport } from '../../tenancy/purge-report.js';
import type { TenantsClient } from '../../tenancy/tenants-client.js';
import { CliError } from '../cli-error.js';
import {
  clientOf,
  follow,
  type OperationAnswer,
  type OperatorOptions,
  print,
  queryOf,
  readPages,
  withOperatorOptions,
} from '../operators.js';
import { table } from '../table.js';

interface Purged {
  readonly id: string;
  readonly kind: string;
  readonly details: { readonly report?: PurgeReport; readonly sha256?: string };
}

/** `cofferdam tenants purge-report <id>`: what the purge of a tenant, or of its books, destroyed. */
export function purgeReportCommand(): Command {
  return withOperatorOptions(new Command('purge-report'))
    .description(
      'shows what purges of a tenant destroyed: rows of each table, logins; what was kept and why; what a purge does not reach. The hash is compared with the report',
    )
    .argument('<id>', 'the tenant’s id')
    .option(
      '--follow',
      'waits for a purge that is due or under way and shows its progress; it is the server’s work and goes on without this',
    )
    .action(async (tenantId: string, options: OperatorOptions & { follow?: true }) => {
      const client = await clientOf(options);
      if (options.follow) await followPurges(client, tenantId);
      const purges = await readPages<Purged>(client, `/v1/operations${queryOf({ tenantId, state: 'succeeded' })}`);
      const reports = purges.flatMap(({ details: { report, sha256 } }) => (report ? [{ report, sha256 }] : []));
      if (reports.length === 0) throw new CliError(`nothing of tenant ${tenantId} has been purged so far.`);
      for (const { report, sha256 } of reports)
        if (hashOfReport(report) !== sha256)
          throw new CliError(`the report of ${report.finishedAt} does not have the hash ${sha256}: it was changed.`);
      print(options, reports, () => {
        for (const { report, sha256 } of reports) console.log(`${describe(report)}\nsha256 ${sha256}\n`);
      });
    });
}

async function followPurges(client: TenantsClient, tenantId: string): Promise<void> {
  const operations = await readPages<OperationAnswer>(client, `/v1/operations${queryOf({ tenantId })}`);
  const open = operations.filter(({ kind, state }) => kind.endsWith('.purge') && isOpen(state));
  for (const purge of open)
    await follow(client, `purge of tenant ${tenantId}`, purge, {
      say: ({ error, notBefore, state }) =>
        error ?? (state === 'waiting' && notBefore !== undefined ? `begins after ${notBefore}` : ''),
    });
}

const isOpen = (state: OperationAnswer['state']): boolean => state === 'waiting' || state === 'running';

function describe({ kind, tenantId, finishedAt, destroyed, kept, notReached }: PurgeReport): string {
  const { store, directory = [] } = destroyed;
  const rows = [
    ...(store?.tables ?? []).map((each) => ['destroyed', `${store?.schema}.${each.table}`, String(each.rows), '']),
    ...(store?.roles ?? []).map((role) => ['destroyed', role, '', 'login or owner']),
    ...directory.map((each) => ['destroyed', `access.${each.table}`, String(each.rows), 'people and applications']),
    ...kept.map((each) => ['kept', `control.${each.table}`, String(each.rows), each.why]),
    ...notReached.map(({ what, why }) => ['not reached', what, '', why]),
  ];
  const place =
    store === undefined
      ? 'there was no store any more'
      : `${store.dropped} ${store.dropped === 'database' ? store.database : store.schema} on ${store.server}, ${store.bytes} bytes`;
  return `${kind} of ${tenantId}, ${finishedAt}: ${place}\n${table(rows, ['', 'what', 'rows', 'remark'])}`;
}
