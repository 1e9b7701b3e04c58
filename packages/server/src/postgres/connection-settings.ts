import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { OperatorError } from './operator-error.js';
import { type Address, PrimaryAddress } from './primary-address.js';

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
  /** Of several addresses the one of the primary is used, wherever it is; `host` and `port` are the first. */
  readonly addresses?: PrimaryAddress;
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
  const { host, port, database, user, password, ssl, pooler, addresses } = fields;
  return Object.freeze({
    host,
    port,
    database,
    user,
    password,
    ...(ssl === undefined ? {} : { ssl }),
    ...(pooler === undefined ? {} : { pooler }),
    ...(addresses === undefined ? {} : { addresses }),
    toJSON: redacted,
    [inspect.custom]: redacted,
  });
}

function redacted(this: ConnectionSettings) {
  const { host, port, database, user, ssl, addresses } = this;
  const others = addresses?.all.slice(1);
  return { host, port, ...(others && { others }), database, user, password: '[hidden]', tls: ssl !== undefined };
}

/** The same server, another database. */
export function withDatabase(settings: ConnectionSettings, database: string): ConnectionSettings {
  return connectionSettings({ ...settings, database });
}

/** The same server and database, another login. */
export function withLogin(settings: ConnectionSettings, user: string, password: string): ConnectionSettings {
  return connectionSettings({ ...settings, user, password });
}

/** One URL for each address of a URL that names several, `postgresql://user:password@a:5432,b:5432/database`. */
export function urlsOfAddresses(text: string): readonly [string, ...string[]] {
  const [, before, hosts, after] = /^([a-z]+:\/\/(?:[^@/?#]*@)?)([^@/?#]*)(.*)$/s.exec(text) ?? [];
  const [first = '', ...others] = (hosts ?? '').split(',');
  if (others.length === 0) return [text];
  return [`${before}${first}${after}`, ...others.map((host) => `${before}${host}${after}`)];
}

/**
 * Reads `postgresql://user:password@host:port/database?sslmode=…&sslrootcert=…`; `?host=/folder` names a socket folder. Several
 * addresses, `@a:5432,b:5432/`, are a primary and its replicas: whichever is the primary is used.
 * Throws with what is wrong; never repeats the URL, which holds a password.
 */
export function parseDatabaseUrl(text: string): ConnectionSettings {
  const [first, ...others] = urlsOfAddresses(text).map(parseOne);
  if (first === undefined || others.length === 0) return first as ConnectionSettings;
  if (others.some(({ host }) => host.startsWith('/')))
    throw new OperatorError(
      'the database URL names several addresses and ?host=, a socket folder: give one or the other',
    );
  return connectionSettings({ ...first, addresses: new PrimaryAddress([addressOf(first), ...others.map(addressOf)]) });
}

function addressOf({ host, port }: ConnectionSettings): Address {
  return Object.freeze({ host, port });
}

function parseOne(text: string): ConnectionSettings {
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
  const session = url.searchParams.get('target_session_attrs') ?? 'primary';
  if (!['primary', 'read-write'].includes(session))
    throw new OperatorError(`target_session_attrs=${session}: only the primary can be used, primary or read-write`);
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

/** As libpq names it. */
export function sslmodeOf(tls: TlsSettings | null | undefined): 'disable' | 'require' | 'verify-full' {
  if (tls === null || tls === undefined) return 'disable';
  return tls.rejectUnauthorized ? 'verify-full' : 'require';
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
  // `disable` is said aloud, as it was by the operator: who reads this URL outside of `local` refuses one that says nothing.
  if (settings.ssl !== undefined || !socket) url.searchParams.set('sslmode', sslmodeOf(settings.ssl));
  const others = settings.addresses?.all.slice(1) ?? [];
  if (others.length === 0) return url.href;
  url.searchParams.set('target_session_attrs', 'primary');
  const more = others.map((each) => `,${each.host.includes(':') ? `[${each.host}]` : each.host}:${each.port}`);
  // After the port: nothing before it can hold this text, `@` of a password being percent-encoded.
  const place = url.href.indexOf(`:${settings.port}/`, url.href.indexOf('@')) + `:${settings.port}`.length;
  return `${url.href.slice(0, place)}${more.join('')}${url.href.slice(place)}`;
}
