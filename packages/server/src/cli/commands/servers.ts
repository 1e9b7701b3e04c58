import { Command, InvalidArgumentError } from 'commander';
import { type ConnectionSettings, parseDatabaseUrl, sslmodeOf } from '../../postgres/connection-settings.js';
import { CliError } from '../cli-error.js';
import { clientOf, type OperatorOptions, print, withOperatorOptions } from '../operators.js';
import { readPair, wholeNumber } from '../option-readers.js';
import { createProgress } from '../progress.js';
import { table } from '../table.js';

interface ServerAnswer {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly sslmode: string;
  readonly state: string;
  readonly kind: string;
  readonly capacity?: number;
  readonly tenants: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas: readonly { readonly host: string; readonly port: number }[];
}

interface ServerOptions extends OperatorOptions {
  readonly serverUrl?: string;
  readonly capacity?: number | null;
  readonly label?: Readonly<Record<string, string>>;
  readonly replica?: readonly { readonly host: string; readonly port: number }[];
  readonly address?: { readonly host: string; readonly port: number };
}

/** `cofferdam servers …`: the PostgreSQL servers that tenants are placed on. */
export function serversCommand(): Command {
  return new Command('servers')
    .description('adds, lists, drains and changes the PostgreSQL servers that hold tenants')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(onOne('drain', 'places no new tenants there; those it has are served on', 'PUT', '/drain'))
    .addCommand(onOne('reopen', 'places tenants there again', 'PUT', '/reopen'))
    .addCommand(updateCommand())
    .addCommand(onOne('remove', 'forgets a server that never held a tenant', 'DELETE', ''));
}

function withServerOptions(command: Command): Command {
  return withOperatorOptions(command)
    .option('--capacity <n>', 'tenants at most; none: no bound', (text) =>
      text === 'none' ? null : wholeNumber(0, 1_000_000)(text),
    )
    .option('--label <key=value>', 'may be given several times; replaces those there are', readPair)
    .option('--replica <host:port>', 'a streaming replica; may be given several times', readReplica);
}

const serverUrlHelp =
  'postgresql://user:password@host:5432/postgres?sslmode=verify-full of a login with CREATEDB and CREATEROLE; rather set SERVER_URL than type a password here';

function addCommand(): Command {
  return withServerOptions(new Command('add'))
    .description('probes a server, prepares it and lets tenants be placed there')
    .argument('<id>', 'short name: lower-case letters, digits, dashes')
    .option('--server-url <url>', serverUrlHelp)
    .action(async (id: string, options: ServerOptions) => {
      const settings = readUrl(options.serverUrl ?? process.env['SERVER_URL']);
      const client = await clientOf(options);
      const server = await createProgress().step(`preparing ${id}`, () =>
        client.send<ServerAnswer>('POST', '/v1/servers', {
          id,
          ...connectionBody(settings, true),
          ...(settings.addresses && { replicas: settings.addresses.all.slice(1) }),
          ...changeOf(options),
        }),
      );
      print(options, server, () => printServers([server]));
    });
}

function updateCommand(): Command {
  return withServerOptions(new Command('update'))
    .option(
      '--address <host:port>',
      'where its primary is now, after a promotion or a move',
      (text) => readReplica(text)[0],
    )
    .description(
      'changes capacity, labels, replicas or the address; the administering password is taken from SERVER_PASSWORD',
    )
    .argument('<id>', 'the server')
    .action(async (id: string, options: ServerOptions) => {
      const password = process.env['SERVER_PASSWORD'];
      const change = { ...changeOf(options), ...(password === undefined ? {} : { password }) };
      if (Object.keys(change).length === 0)
        throw new CliError('nothing to change: see `cofferdam servers update --help`.');
      const path = `/v1/servers/${encodeURIComponent(id)}`;
      const server = await (await clientOf(options)).send<ServerAnswer>('PATCH', path, change);
      print(options, server, () => printServers([server]));
    });
}

function listCommand(): Command {
  return withOperatorOptions(new Command('list'))
    .description('lists the servers with how many tenants they hold')
    .action(async (options: OperatorOptions) => {
      const { items } = await (await clientOf(options)).send<{ items: ServerAnswer[] }>('GET', '/v1/servers');
      print(options, items, () => printServers(items));
    });
}

function onOne(name: string, description: string, method: string, path: string): Command {
  return withOperatorOptions(new Command(name))
    .description(description)
    .argument('<id>', 'the server')
    .action(async (id: string, options: OperatorOptions) => {
      const client = await clientOf(options);
      const server = await client.send<ServerAnswer | undefined>(
        method,
        `/v1/servers/${encodeURIComponent(id)}${path}`,
      );
      print(options, server ?? { id }, () => (server ? printServers([server]) : console.log(`${id} is forgotten`)));
    });
}

function changeOf({ capacity, label, replica, address }: ServerOptions) {
  return {
    ...(address === undefined ? {} : { address }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(label === undefined ? {} : { labels: label }),
    ...(replica === undefined ? {} : { replicas: replica }),
  };
}

function readUrl(text: string | undefined): ConnectionSettings {
  if (text === undefined) throw new CliError('which server? Set SERVER_URL, or give --server-url.');
  try {
    return parseDatabaseUrl(text);
  } catch (error) {
    throw new CliError((error as Error).message);
  }
}

/** A login as the API takes it. */
export function connectionBody(
  { host, port, database, user, password, ssl, addresses }: ConnectionSettings,
  isServer = false,
) {
  if (addresses !== undefined && !isServer)
    throw new CliError('a tenant’s own database is reached at one address; several are for `cofferdam servers add`.');
  return {
    host,
    port,
    database,
    user,
    password,
    sslmode: sslmodeOf(ssl),
    ...(ssl?.ca === undefined ? {} : { sslrootcert: ssl.ca }),
  };
}

function readReplica(text: string, before: readonly { host: string; port: number }[] = []) {
  const [, host, port = '5432'] = /^(.+?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined) throw new InvalidArgumentError('host:port');
  return [...before, { host, port: Number(port) }];
}

function printServers(servers: readonly ServerAnswer[]): void {
  const head = ['id', 'address', 'tls', 'state', 'tenants', 'capacity', 'labels', 'replicas'];
  const rows = servers.map(({ id, host, port, sslmode, state, kind, tenants, capacity, labels, replicas }) => [
    id,
    `${host}:${port}`,
    sslmode,
    kind === 'given' ? 'one tenant’s own' : state,
    tenants,
    capacity ?? '',
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(' '),
    replicas.map((replica) => `${replica.host}:${replica.port}`).join(' '),
  ]);
  console.log(table(rows, head));
}
