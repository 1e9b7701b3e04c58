import { Command, InvalidArgumentError, Option } from 'commander';
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
import { readPair, wholeNumber } from '../option-readers.js';
import { table } from '../table.js';
import { moveCommands } from './tenants-move.js';
import { purgeReportCommand } from './tenants-purge-report.js';
import { quotasCommand } from './tenants-quotas.js';

/** What is done with a tenant that is there: credentials, settings, services; and what was done. */
export const operateCommands = (): Command[] => [
  updateCommand(),
  rotateCommand(),
  ...moveCommands(),
  settingsCommand(),
  quotasCommand(),
  associationsCommand(),
  operationsCommand(),
  purgeReportCommand(),
  auditCommand(),
];

const one = (id: string) => `/v1/tenants/${encodeURIComponent(id)}`;

function updateCommand(): Command {
  return withOperatorOptions(new Command('update'))
    .description('changes the display name of a tenant, or its metadata')
    .argument('<id>', 'the tenant’s id')
    .option('--name <text>', 'display name')
    .option('--metadata <key=value>', 'may be given several times; an empty value removes the key', readPair)
    .action(async (id: string, options: OperatorOptions & { name?: string; metadata?: Record<string, string> }) => {
      const client = await clientOf(options);
      const { name, metadata } = options;
      const patch = Object.entries(metadata ?? {}).map(([key, value]) => [key, value === '' ? null : value]);
      const body = {
        ...(name === undefined ? {} : { name }),
        ...(metadata === undefined ? {} : { metadata: Object.fromEntries(patch) }),
      };
      const tenant = await client.send<{ id: string; name: string; metadata: object }>('PATCH', one(id), body);
      print(options, tenant, () => console.log(`${tenant.id}  ${tenant.name}  ${JSON.stringify(tenant.metadata)}`));
    });
}

function rotateCommand(): Command {
  return withOperatorOptions(new Command('rotate'))
    .description('replaces the database credentials of a tenant; no request fails')
    .argument('<id>', 'the tenant’s id')
    .option(
      '--overlap <seconds>',
      'both logins work for this long; 0 for a leaked password: the old one is cut off at once',
      wholeNumber(0, 86_400),
    )
    .option('--no-wait', 'answer at once; follow it with `cofferdam tenants operations`')
    .action(async (id: string, options: OperatorOptions & { overlap?: number; wait: boolean }) => {
      const client = await clientOf(options);
      const body = options.overlap === undefined ? {} : { overlapSeconds: options.overlap };
      const begun = await client.send<OperationAnswer>('POST', `${one(id)}/credentials/rotate`, body);
      const latest = options.wait ? await follow(client, 'rotating the credentials', begun) : begun;
      print(options, latest, () => printOperations([latest]));
    });
}

interface SettingsOptions extends OperatorOptions {
  readonly maxOpen?: string;
  readonly maxIdle?: string;
  readonly statementTimeout?: string;
  readonly readFrom?: string;
}

function settingsCommand(): Command {
  return withOperatorOptions(new Command('settings'))
    .description('shows how processes connect to the books of a tenant, or changes it; `default` brings a default back')
    .argument('<id>', 'the tenant’s id')
    .option('--max-open <n>', 'connections of each process')
    .option('--max-idle <n>', 'of these, kept while unused')
    .option('--statement-timeout <time>', '30s, 500ms, 2min')
    .addOption(
      new Option(
        '--read-from <where>',
        'replica: reads may be answered by one that has all that the primary has',
      ).choices(['primary', 'replica', 'default']),
    )
    .action(async (id: string, options: SettingsOptions) => {
      const client = await clientOf(options);
      const path = `${one(id)}/associations/ledger/connections`;
      const number = (text: string | undefined) => (text === undefined || text === 'default' ? text : Number(text));
      const change = Object.entries({
        maxOpenConns: number(options.maxOpen),
        maxIdleConns: number(options.maxIdle),
        statementTimeout: options.statementTimeout,
        readFrom: options.readFrom,
      }).filter(([, value]) => value !== undefined);
      if (change.some(([, value]) => Number.isNaN(value))) throw new InvalidArgumentError('a whole number, or default');
      const body = Object.fromEntries(change.map(([key, value]) => [key, value === 'default' ? null : value]));
      const { connectionSettings = {} } = await client.send<{ connectionSettings?: Record<string, unknown> }>(
        change.length === 0 ? 'GET' : 'PATCH',
        path,
        change.length === 0 ? undefined : body,
      );
      print(options, { connectionSettings }, () => {
        const names = ['maxOpenConns', 'maxIdleConns', 'statementTimeout', 'readFrom'];
        console.log(table(names.map((name) => [name, String(connectionSettings[name] ?? 'default')])));
      });
    });
}

interface AssociationAnswer {
  readonly serviceName: string;
  readonly status: string;
  readonly purgeAfter?: string;
  readonly updatedAt: string;
}

function associationsCommand(): Command {
  const base = (id: string) => `${one(id)}/associations/ledger`;
  const act = (name: string, description: string, method: string, path: string, body?: object) =>
    withOperatorOptions(new Command(name))
      .description(description)
      .argument('<id>', 'the tenant’s id')
      .action(async (id: string, options: OperatorOptions) => {
        const client = await clientOf(options);
        const answer = await client.send<AssociationAnswer>(method, `${base(id)}${path}`, body);
        print(options, answer, () => printAssociation(answer));
      });
  return new Command('associations')
    .description('the ledger of a tenant as a service: shown, suspended, taken away, purged, given again')
    .addCommand(act('get', 'shows the association', 'GET', ''))
    .addCommand(act('suspend', 'denies its requests; books and people stay', 'PUT', '/suspend'))
    .addCommand(act('reactivate', 'lets requests in again, or stops a purge that waits', 'PUT', '/reactivate'))
    .addCommand(act('remove', 'takes the ledger from the tenant and keeps its books', 'DELETE', ''))
    .addCommand(act('purge', 'drops the books of a suspended ledger after the retention', 'PUT', '/purge'))
    .addCommand(
      act('add', 'gives the ledger again: with the books kept, or with new ones after a purge', 'POST', '', {}),
    );
}

function printAssociation({ serviceName, status, purgeAfter = '', updatedAt }: AssociationAnswer): void {
  const head = ['service', 'status', 'purge after', 'since'];
  console.log(table([[serviceName, status, purgeAfter, updatedAt]], head));
}

function operationsCommand(): Command {
  return withOperatorOptions(new Command('operations'))
    .description('lists what takes long, newest first: provisioning, rotation, move, purge, adoption, fleet migration')
    .argument('[id]', 'of one operation: shows it')
    .option('--tenant <id>', 'of this tenant only')
    .option('--kind <kind>', 'of this kind only, e.g. tenant.rotate')
    .option('--state <state>', 'waiting, running, succeeded, failed or cancelled')
    .option('--follow', 'with an id: shows its progress to the end')
    .option('--limit <n>', 'rows at most', wholeNumber(1, 10_000), 20)
    .action(
      async (
        id: string | undefined,
        options: OperatorOptions & { tenant?: string; kind?: string; state?: string; follow?: true; limit: number },
      ) => {
        const client = await clientOf(options);
        if (id !== undefined) {
          const found = await client.send<OperationAnswer>('GET', `/v1/operations/${encodeURIComponent(id)}`);
          const latest = options.follow ? await follow(client, found.kind, found) : found;
          print(options, latest, () => printOperations([latest]));
          return;
        }
        const { tenant: tenantId, kind, state } = options;
        const path = `/v1/operations${queryOf({ tenantId, kind, state })}`;
        const operations = await readPages<OperationAnswer>(client, path, options.limit);
        print(options, operations, () => printOperations(operations));
      },
    );
}

function printOperations(operations: readonly OperationAnswer[]): void {
  const head = ['id', 'kind', 'tenant', 'state', 'progress', 'by', 'began', 'error'];
  const rows = operations.map(({ id, kind, tenantId = '', state, progress, actor, createdAt, error = '' }) => {
    const { done, total, step } = progress;
    return [id, kind, tenantId, state, `${done}/${total}${step ? ` ${step}` : ''}`, actor, createdAt, error];
  });
  console.log(table(rows, head));
}

interface AuditAnswer {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly tenantId?: string;
  readonly outcome: string;
  readonly details: object;
}

function auditCommand(): Command {
  return withOperatorOptions(new Command('audit'))
    .description('lists who did what, newest first; refused attempts too')
    .option('--tenant <id>', 'of this tenant only')
    .option('--action <action>', 'of this kind only, e.g. tenant.suspend')
    .option('--actor <actor>', 'of this one only, as the list shows it')
    .option('--outcome <outcome>', 'done, refused or failed')
    .option('--limit <n>', 'rows at most', wholeNumber(1, 100_000), 50)
    .action(
      async (
        options: OperatorOptions & {
          tenant?: string;
          action?: string;
          actor?: string;
          outcome?: string;
          limit: number;
        },
      ) => {
        const { tenant: tenantId, action, actor, outcome } = options;
        const path = `/v1/audit${queryOf({ tenantId, action, actor, outcome })}`;
        const rows = await readPages<AuditAnswer>(await clientOf(options), path, options.limit);
        print(options, rows, () => {
          const head = ['at', 'by', 'action', 'tenant', 'outcome', 'details'];
          const cells = rows.map((row) => [
            row.at,
            row.actor,
            row.action,
            row.tenantId ?? '',
            row.outcome,
            JSON.stringify(row.details),
          ]);
          console.log(table(cells, head));
        });
      },
    );
}
