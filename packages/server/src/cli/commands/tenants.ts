import { randomBytes } from 'node:crypto';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import { type Config, readConfig } from '../../config.js';
import type { NewTenant } from '../../tenancy/create-tenant.js';
import { createTenantsClient, type TenantAnswer, type TenantsClient } from '../../tenancy/tenants-client.js';
import { CliError } from '../cli-error.js';
import { localSecrets } from '../local-secrets.js';
import { createProgress } from '../progress.js';

interface Common {
  readonly url?: string;
  readonly json?: boolean;
}

/** `cofferdam tenants …`: what an operator does with tenants, through the Tenant Manager's API. */
export function tenantsCommand(): Command {
  return new Command('tenants')
    .description('makes, lists, suspends, reactivates and deletes tenants through the Tenant Manager')
    .addCommand(createCommand())
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
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--url <url>', 'base URL of the Tenant Manager; default: TENANTS_PORT on this machine')
    .option('--json', 'print what the API answered, for scripts')
    .addHelpText(
      'after',
      '\nThe key is taken from TENANT_MANAGER_API_KEY, or from the data folder (COFFERDAM_DATA_DIR).\n',
    );
}

function createCommand(): Command {
  return withCommonOptions(new Command('create'))
    .description('makes a tenant with its owner, and an application with --application')
    .requiredOption('--name <text>', 'display name')
    .option('--slug <slug>', 'short name; made out of the name when absent')
    .addOption(new Option('--isolation <mode>', 'default: TENANT_ISOLATION').choices(['database', 'schema']))
    .requiredOption('--owner-email <address>', 'the owner’s e-mail and user name')
    .option('--owner-password <password>', 'made and printed when absent; rather set OWNER_PASSWORD than type it here')
    .option('--application <label>', 'also make a machine client')
    .addOption(
      new Option('--role <role>', 'of the application').choices(['viewer', 'contributor', 'editor']).default('viewer'),
    )
    .action(async (options: CreateOptions) => {
      const client = await clientOf(options);
      const given = options.ownerPassword ?? process.env['OWNER_PASSWORD'];
      const password = given ?? `${randomBytes(15).toString('base64url')}-aA1`;
      const { name, slug, isolation, role } = options;
      const tenant = await createProgress().step(`making ${name}`, () =>
        createAndWait(client, {
          name,
          ...(slug ? { slug } : {}),
          ...(isolation ? { isolation } : {}),
          owner: { email: options.ownerEmail, password },
          ...(options.application ? { application: { name: options.application, role } } : {}),
        }),
      );
      print(options, given ? tenant : { ...tenant, owner: { ...tenant.owner, password } }, () => {
        printTenants([tenant]);
        if (!given) console.log(`owner password (shown once)  ${password}`);
        if (tenant.owner) console.log(`people log in with client id ${tenant.owner.clientId}`);
        if (options.application && !tenant.application?.clientSecret) {
          console.log('this tenant existed already: its secrets were shown when it was made');
        } else if (tenant.application?.clientSecret) {
          console.log(`client id                    ${tenant.application.clientId}`);
          console.log(`client secret (shown once)   ${tenant.application.clientSecret}`);
        }
      });
    });
}

/** The answer comes when the first request would work; the secret is in the first answer only. */
async function createAndWait(client: TenantsClient, wanted: NewTenant): Promise<TenantAnswer> {
  const made = await client.create(wanted);
  for (let latest = made, tries = 0; ; tries += 1) {
    if (latest.status !== 'provisioning' || tries === 300) return { ...made, status: latest.status };
    await new Promise((resolve) => setTimeout(resolve, 200));
    latest = await client.get(made.id);
  }
}

interface CreateOptions extends Common {
  readonly name: string;
  readonly slug?: string;
  readonly isolation?: 'database' | 'schema';
  readonly ownerEmail: string;
  readonly ownerPassword?: string;
  readonly application?: string;
  readonly role: 'viewer' | 'contributor' | 'editor';
}

function listCommand(): Command {
  return withCommonOptions(new Command('list'))
    .description('lists all tenants')
    .action(async (options: Common) => {
      const client = await clientOf(options);
      const tenants: TenantAnswer[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.list({ limit: 100, ...(cursor ? { cursor } : {}) });
        tenants.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      print(options, tenants, () => printTenants(tenants));
    });
}

function onOne(
  name: string,
  description: string,
  act: (client: TenantsClient, id: string) => Promise<TenantAnswer>,
): Command {
  return withCommonOptions(new Command(name))
    .description(description)
    .argument('<id>', 'the tenant’s id')
    .action(async (id: string, options: Common) => {
      const tenant = await act(await clientOf(options), id);
      print(options, tenant, () => printTenants([tenant]));
    });
}

async function clientOf({ url }: Common): Promise<TenantsClient> {
  const config: Config = readConfig(process.env);
  const { tenantManagerApiKey } = await localSecrets(config);
  const host = config.tenantsBindAddress === '0.0.0.0' ? '127.0.0.1' : config.tenantsBindAddress;
  const baseUrl = url ?? `http://${host}:${config.ports.tenants}`;
  const client = createTenantsClient({ baseUrl, apiKey: tenantManagerApiKey });
  const refused = (error: unknown): never => {
    if (error instanceof Error && error.name === 'TenantsClientError') throw new CliError(error.message);
    if (error instanceof TypeError)
      throw new CliError(`no Tenant Manager answers at ${baseUrl}: start the server, or say where it is with --url.`);
    throw error;
  };
  const told =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      method(...args).catch(refused);
  return {
    create: told(client.create),
    get: told(client.get),
    list: told(client.list),
    suspend: told(client.suspend),
    reactivate: told(client.reactivate),
    delete: told(client.delete),
  };
}

function print(options: Common, answer: unknown, table: () => void): void {
  if (options.json) console.log(JSON.stringify(answer, undefined, 2));
  else table();
}

function printTenants(tenants: readonly TenantAnswer[]): void {
  const table = new Table({
    head: ['id', 'slug', 'name', 'isolation', 'status', 'since'],
    style: { head: [], border: [] },
  });
  for (const { id, slug, name, isolation, status, updatedAt } of tenants)
    table.push([id, slug, name, isolation, status, updatedAt]);
  console.log(table.toString());
}
