import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import { parseDatabaseUrl } from '../../postgres/connection-settings.js';
import type { TenantAnswer, TenantsClient } from '../../tenancy/tenants-client.js';
import { CliError } from '../cli-error.js';
import { clientOf, type OperatorOptions, print, readPages, withOperatorOptions } from '../operators.js';
import { readPair } from '../option-readers.js';
import { createProgress } from '../progress.js';
import { table } from '../table.js';
import { connectionBody } from './servers.js';
import { associationsCommand } from './tenants-associations.js';
import { auditCommand } from './tenants-audit.js';
import { moveCommands } from './tenants-move.js';
import { operationsCommand } from './tenants-operations.js';
import { purgeReportCommand } from './tenants-purge-report.js';
import { quotasCommand } from './tenants-quotas.js';
import { rotateCommand } from './tenants-rotate.js';
import { settingsCommand } from './tenants-settings.js';
import { updateCommand } from './tenants-update.js';

/** `cofferdam tenants …`: what an operator does with tenants, through the Tenant Manager's API. */
export function tenantsCommand(): Command {
  const command = new Command('tenants')
    .description('makes, lists, suspends, reactivates, deletes and operates tenants through the Tenant Manager')
    .addCommand(createCommand('create'))
    .addCommand(createCommand('adopt'))
    .addCommand(listCommand())
    .addCommand(onOne('get', 'shows a tenant', (client, id) => client.get(id)))
    .addCommand(
      onOne('suspend', 'denies all traffic of a tenant within 2 s; its data stays', (client, id) => client.suspend(id)),
    )
    .addCommand(
      onOne('reactivate', 'lets a suspended or deleted tenant in again, or retries a failed one', (client, id) =>
        client.reactivate(id),
      ),
    )
    .addCommand(
      onOne('delete', 'marks a suspended tenant for deletion; its data is purged after the retention', (client, id) =>
        client.delete(id),
      ),
    );
  for (const one of commandsOfOwnFiles()) command.addCommand(one);
  return command;
}

const commandsOfOwnFiles = (): Command[] => [
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

/** `adopt` makes a tenant out of the books of single-tenant mode; otherwise it is like `create`. */
function createCommand(name: 'create' | 'adopt'): Command {
  const command = withOperatorOptions(new Command(name))
    .description(
      name === 'create'
        ? 'makes a tenant with its owner, and an application with --application'
        : 'makes the books of single-tenant mode a tenant’s, where they are; stop the single-tenant server first',
    )
    .requiredOption('--name <text>', 'display name')
    .option('--slug <slug>', 'short name; made out of the name when absent')
    .requiredOption('--owner-email <address>', 'the owner’s e-mail and user name')
    .option('--owner-password <password>', 'made and printed when absent; rather set OWNER_PASSWORD than type it here')
    .option('--application <label>', 'also make a machine client')
    .addOption(
      new Option('--role <role>', 'of the application').choices(['viewer', 'contributor', 'editor']).default('viewer'),
    );
  if (name === 'create')
    command
      .addOption(new Option('--isolation <mode>', 'default: TENANT_ISOLATION').choices(['database', 'schema']))
      .option('--server <id>', 'on this server; default: on the least full one')
      .option('--label <key=value>', 'on a server that carries it; may be given several times', readPair)
      .option(
        '--database-url <url>',
        'in an empty database of your own, by a login that owns it and has CREATEROLE; rather set TENANT_DATABASE_URL',
      );
  return command.action((options: CreateOptions) => makeTenant(options, name));
}

async function makeTenant(options: CreateOptions, name: 'create' | 'adopt'): Promise<void> {
  const client = await clientOf(options);
  const given = options.ownerPassword ?? process.env['OWNER_PASSWORD'];
  const password = given ?? `${randomBytes(15).toString('base64url')}-aA1`;
  const { tenant, isNew } = await createProgress().step(`making ${options.name}`, () =>
    createAndWait(client, wantedOf(options, name, password)),
  );
  // The owner of a tenant that was there has the password of then.
  const isMade = isNew && !given;
  print(options, isMade ? { ...tenant, owner: { ...tenant.owner, password } } : tenant, () => {
    printTenants([tenant]);
    if (isMade) console.log(`owner password (shown once)  ${password}`);
    if (tenant.owner) console.log(`people log in with client id ${tenant.owner.clientId}`);
    if (!isNew) {
      console.log('this tenant existed already: its secrets were shown when it was made');
    } else if (tenant.application?.clientSecret) {
      console.log(`client id                    ${tenant.application.clientId}`);
      console.log(`client secret (shown once)   ${tenant.application.clientSecret}`);
    }
  });
}

/** The answer comes when the first request would work; the secret is in the first answer only. */
async function createAndWait(
  client: TenantsClient,
  wanted: object,
): Promise<{ readonly tenant: TenantAnswer; readonly isNew: boolean }> {
  const { answer: made, status } = await client.ask<TenantAnswer>('POST', '/v1/tenants', wanted);
  for (let latest = made, tries = 0; ; tries += 1) {
    if (latest.status === 'failed')
      throw new CliError(`${made.id} could not be made: ${latest.statusReason ?? 'no reason is known'}`);
    if (latest.status !== 'provisioning' || tries === 300)
      return { tenant: { ...made, status: latest.status }, isNew: status === 201 };
    await new Promise((resolve) => setTimeout(resolve, 200));
    latest = await client.get(made.id);
  }
}

interface CreateOptions extends OperatorOptions {
  readonly server?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly databaseUrl?: string;
  readonly name: string;
  readonly slug?: string;
  readonly isolation?: 'database' | 'schema';
  readonly ownerEmail: string;
  readonly ownerPassword?: string;
  readonly application?: string;
  readonly role: 'viewer' | 'contributor' | 'editor';
}

function listCommand(): Command {
  return withOperatorOptions(new Command('list'))
    .description('lists all tenants')
    .action(async (options: OperatorOptions) => {
      const tenants = await readPages<TenantAnswer>(await clientOf(options), '/v1/tenants');
      print(options, tenants, () => printTenants(tenants));
    });
}

function onOne(
  name: string,
  description: string,
  act: (client: TenantsClient, id: string) => Promise<TenantAnswer>,
): Command {
  return withOperatorOptions(new Command(name))
    .description(description)
    .argument('<id>', 'the tenant’s id')
    .action(async (id: string, options: OperatorOptions) => {
      const tenant = await act(await clientOf(options), id);
      print(options, tenant, () => printTenants([tenant]));
    });
}

function printTenants(tenants: readonly TenantAnswer[]): void {
  const rows = tenants.map(({ id, slug, name, isolation, status, updatedAt }) => [
    id,
    slug,
    name,
    isolation,
    status,
    updatedAt,
  ]);
  console.log(table(rows, ['id', 'slug', 'name', 'isolation', 'status', 'since']));
}

/** As the API takes it. */
function wantedOf(options: CreateOptions, name: 'create' | 'adopt', password: string): object {
  const { slug, isolation, role, server, label: labels } = options;
  const url = name === 'create' ? (options.databaseUrl ?? process.env['TENANT_DATABASE_URL']) : undefined;
  const placement = { ...(server ? { server } : {}), ...(labels ? { labels } : {}) };
  return {
    name: options.name,
    ...(slug ? { slug } : {}),
    ...(isolation ? { isolation } : {}),
    ...(name === 'adopt' ? { adopt: true } : {}),
    ...(url ? { database: connectionBody(parseDatabaseUrl(url)) } : {}),
    ...(Object.keys(placement).length > 0 ? { placement } : {}),
    owner: { email: options.ownerEmail, password },
    ...(options.application ? { application: { name: options.application, role } } : {}),
  };
}
