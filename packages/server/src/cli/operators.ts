import type { Command } from 'commander';
import { type Config, readConfig } from '../config.js';
import { createTenantsClient, type TenantsClient } from '../tenancy/tenants-client.js';
import { CliError } from './cli-error.js';
import { tenantManagerKeyOfServer } from './local-secrets.js';
import { createProgress } from './progress.js';
import { progressBar } from './progress-bar.js';

/** Options of every command that speaks with the Tenant Manager. */
export interface OperatorOptions {
  readonly url?: string;
  readonly as?: string;
  readonly json?: boolean;
}

export function withOperatorOptions(command: Command): Command {
  return command
    .option('--url <url>', 'base URL of the Tenant Manager; default: TENANTS_PORT on this machine')
    .option(
      '--as <name>',
      'who is acting, for the audit; default: the user of this machine. A key of your own says it by itself',
    )
    .option('--json', 'print what the API answered, for scripts')
    .addHelpText(
      'after',
      '\nThe key is taken from TENANT_MANAGER_API_KEY (your own, of `cofferdam operators add`, or the installation’s), or from the data folder (COFFERDAM_DATA_DIR).\n',
    );
}

/** The Tenant Manager's API as the environment says; refusals are told in one sentence. */
export async function clientOf({ url, as }: OperatorOptions): Promise<TenantsClient> {
  const config: Config = readConfig(process.env);
  const apiKey = await tenantManagerKeyOfServer(config);
  const host = config.tenantsBindAddress === '0.0.0.0' ? '127.0.0.1' : config.tenantsBindAddress;
  const baseUrl = url ?? `http://${host}:${config.ports.tenants}`;
  const operator = (as ?? process.env['USER'] ?? '').replace(/[^A-Za-z0-9._@+-]/g, '').slice(0, 64);
  const client = createTenantsClient({
    baseUrl,
    apiKey,
    ...(operator === '' ? {} : { operator }),
  });
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
    send: told(client.send) as TenantsClient['send'],
    ask: told(client.ask) as TenantsClient['ask'],
  };
}

/** Of the API: of one tenant, or what belongs to it. */
export function tenantPath(id: string, rest = ''): string {
  return `/v1/tenants/${encodeURIComponent(id)}${rest}`;
}

export function print(options: OperatorOptions, answer: unknown, table: () => void): void {
  if (options.json) console.log(JSON.stringify(answer, undefined, 2));
  else table();
}

/** An operation as the API answers it. */
export interface OperationAnswer {
  readonly id: string;
  readonly kind: string;
  readonly tenantId?: string;
  readonly state: 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  readonly progress: { readonly step?: string; readonly done: number; readonly total: number };
  readonly actor: string;
  readonly error?: string;
  /** A waiting one begins by itself after this. */
  readonly notBefore?: string;
  readonly createdAt: string;
  readonly finishedAt?: string;
}

const pollMs = 500;

export interface FollowOptions<Answer> {
  /** Where to stop, though the operation goes on; or an end that is no failure. */
  readonly isDone?: (latest: Answer) => boolean;
  /** More than step and bar. */
  readonly say?: (latest: Answer) => string;
}

/** Shows an operation's progress to its end. Ended with Ctrl-C it goes on in the server. @throws CliError when it failed */
export async function follow<Answer extends OperationAnswer>(
  client: TenantsClient,
  text: string,
  begun: Answer,
  { isDone, say }: FollowOptions<Answer> = {},
): Promise<Answer> {
  const progress = createProgress();
  return progress.step(text, async () => {
    for (let latest = begun; ; ) {
      const { step = '', done, total } = latest.progress;
      progress.say([progressBar(done, total), step, say?.(latest) ?? ''].join(' ').trimEnd());
      if (isDone?.(latest) === true) return latest;
      if (latest.state === 'failed' || latest.state === 'cancelled')
        throw new CliError(`the operation ${latest.id} has ${latest.state}: ${latest.error ?? 'no reason is known'}`);
      if (latest.state === 'succeeded') return latest;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      latest = await client.send<Answer>('GET', `/v1/operations/${latest.id}`);
    }
  });
}

/** All pages, or the first `limit` rows. */
export async function readPages<Row>(
  client: TenantsClient,
  path: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor = '';
  do {
    const size = Math.min(100, limit - rows.length);
    const page = await client.send<{ items: Row[]; next_cursor?: string }>(
      'GET',
      `${path}${path.includes('?') ? '&' : '?'}limit=${size}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    rows.push(...page.items);
    cursor = page.next_cursor ?? '';
  } while (cursor !== '' && rows.length < limit);
  return rows;
}

/** `?a=1&b=2` of what is given. */
export function queryOf(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
