import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { OperatorError } from './operator-error.js';

/** How to reach one database as one login. Made by `connectionSettings`, which hides the password from logs. */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Absent: no TLS. */
  readonly ssl?: TlsSettings;
  /** The address is that of a pooler in transaction mode (PgBouncer): a session may change between transactions. */
  readonly pooler?: true;
}

export interface TlsSettings {
  /** false: encrypted, but the server's identity is not checked (`sslmode=require`, as libpq does). */
  readonly rejectUnauthorized: boolean;
  /** PEM text of the authority to trust. */
  readonly ca?: string;
}

/**
 * Frozen settings whose JSON and inspection show `[hidden]` for the password. The two hooks are enumerable on purpose:
 * a copy made with `{...settings, database}` keeps them.
 */
export function connectionSettings(fields: ConnectionSettings): ConnectionSettings {
  const { host, port, database, user, password, ssl, pooler } = fields;
  return Object.freeze({
    host,
    port,
    database,
    user,
    password,
    ...(ssl === undefined ? {} : { ssl }),
    ...(pooler === undefined ? {} : { pooler }),
    toJSON: redacted,
    [inspect.custom]: redacted,
  });
}

function redacted(this: ConnectionSettings) {
  const { host, port, database, user, ssl } = this;
  return { host, port, database, user, password: '[hidden]', tls: ssl !== undefined };
}

/** The same server, another database. */
export function withDatabase(settings: ConnectionSettings, database: string): ConnectionSettings {
  return connectionSettings({ ...settings, database });
}

/** The same server and database, another login. */
export function withLogin(settings: ConnectionSettings, user: string, password: string): ConnectionSettings {
  return connectionSettings({ ...settings, user, password });
}

/**
 * Reads `postgresql://user:password@host:port/database?sslmode=…&sslrootcert=…`; `?host=/folder` names a socket folder.
 * Throws with what is wrong; never repeats the URL, which holds a password.
 */
export function parseDatabaseUrl(text: string): ConnectionSettings {
  let url: URL;
  try {
    url = new URL(text);
    for (const part of [url.hostname, url.username, url.password, url.pathname]) decodeURIComponent(part);
  } catch {
    throw new OperatorError(
      'the database URL is not a URL; expected postgresql://user:password@host:5432/database, with characters such as % @ : / # of a password percent-encoded',
    );
  }
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:')
    throw new OperatorError(`the database URL starts with ${url.protocol}//; expected postgresql://`);
  const host = url.searchParams.get('host') ?? url.hostname.replace(/^\[(.*)\]$/, '$1');
  const user = decodeURIComponent(url.username);
  if (host === '') throw new OperatorError('the database URL names no host');
  if (user === '') throw new OperatorError('the database URL names no user');
  const ssl = readTls(url.searchParams);
  return connectionSettings({
    host: decodeURIComponent(host),
    port: url.port === '' ? 5432 : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    user,
    password: decodeURIComponent(url.password),
    ...(ssl === undefined ? {} : { ssl }),
  });
}

function readTls(parameters: URLSearchParams): TlsSettings | undefined {
  const mode = parameters.get('sslmode') ?? 'disable';
  const authority = parameters.get('sslrootcert');
  const ca = authority === null || authority === 'system' ? {} : { ca: readFileSync(authority, 'utf8') };
  switch (mode) {
    case 'disable':
    case 'allow':
    case 'prefer':
      return undefined;
    case 'require':
      // With an authority given, libpq's `require` verifies as well.
      return { rejectUnauthorized: authority !== null, ...ca };
    case 'verify-ca':
    case 'verify-full':
      return { rejectUnauthorized: true, ...ca };
    default:
      throw new OperatorError(`sslmode=${mode} is not known; use disable, require or verify-full`);
  }
}

/** The URL form, password included: for environment files with mode 0600, never for logs. */
export function toDatabaseUrl(settings: ConnectionSettings): string {
  const socket = settings.host.startsWith('/');
  const host = socket ? 'localhost' : settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  const url = new URL(`postgresql://${host}:${settings.port}/${encodeURIComponent(settings.database)}`);
  url.username = encodeURIComponent(settings.user);
  url.password = encodeURIComponent(settings.password);
  if (socket) url.searchParams.set('host', settings.host);
  if (settings.ssl !== undefined)
    url.searchParams.set('sslmode', settings.ssl.rejectUnauthorized ? 'verify-full' : 'require');
  return url.href;
}
