import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type pg from 'pg';
import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import { isConnectionLost } from '../../postgres/pg-errors.js';
import { openClient } from '../../postgres/pool.js';
import type { Address } from '../../postgres/primary-address.js';
import { type AdminConnections, defaultServer } from '../admin-connections.js';

/** What a server says of itself to the login that is to administer it. */
export interface ServerFacts {
  readonly version: number;
  readonly systemIdentifier: string;
  readonly isSuperuser: boolean;
  readonly mayCreateRoles: boolean;
  readonly mayCreateDatabases: boolean;
  readonly isReplica: boolean;
}

/** PostgreSQL 15. */
export const versionMin = 150_000;

export async function readFacts(client: pg.ClientBase): Promise<ServerFacts> {
  const { rows } = await client.query<ServerFacts>(
    `select current_setting('server_version_num')::integer as version, system_identifier::text as "systemIdentifier",
            rolsuper as "isSuperuser", rolsuper or rolcreaterole as "mayCreateRoles",
            rolsuper or rolcreatedb as "mayCreateDatabases", pg_is_in_recovery() as "isReplica"
       from pg_control_system(), pg_roles where rolname = current_user`,
  );
  const [facts] = rows;
  if (facts === undefined) throw new Error('the server does not tell what it is');
  return facts;
}

/** In sentences for the operator; empty when tenants may be placed there. */
export function serverShortcomings(facts: ServerFacts): string[] {
  return [
    ...(facts.version < versionMin
      ? [`it is PostgreSQL ${Math.trunc(facts.version / 10_000)}; 15 or later is needed`]
      : []),
    ...(facts.isReplica ? ['it is a replica; give the primary, and this one as its replica'] : []),
    ...(facts.mayCreateRoles ? [] : ['the login needs CREATEROLE']),
    ...(facts.mayCreateDatabases ? [] : ['the login needs CREATEDB']),
  ];
}

/** Of the first server, asked of itself: it is not written down, since DATABASE_URL may point elsewhere one day. */
export async function identifierOfFirst(admin: AdminConnections): Promise<string | undefined> {
  const { cluster } = await admin.server(defaultServer);
  const { rows } = await cluster.query<{ id: string }>('select system_identifier::text as id from pg_control_system()');
  return rows[0]?.id;
}

/**
 * Runs `work` on one connection. Why there was none is told in a sentence, without the password. `isAway`: nobody answered, or
 * only that it is starting or full.
 */
export async function tryConnection<T>(
  settings: ConnectionSettings,
  work: (client: pg.Client) => Promise<T>,
): Promise<{ readonly value: T } | { readonly refusal: string; readonly isAway: boolean }> {
  const client = openClient(settings, { applicationName: 'cofferdam probe', connectTimeoutMs: 5_000 });
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => {});
    const refusal = `${settings.host}:${settings.port} cannot be used: ${(error as Error).message}`;
    return { refusal, isAway: isConnectionLost(error) };
  }
  try {
    return { value: await work(client) };
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Why an address that an operator gives is not taken outside a local environment: without TLS, or a name or number
 * of this machine or its link. Every address behind a name counts.
 */
export async function addressShortcomings(
  { host, ssl }: Pick<ConnectionSettings, 'host' | 'ssl'>,
  isLocal: boolean,
): Promise<string[]> {
  if (isLocal) return [];
  const found = ssl === undefined ? ['TLS is required outside a local environment: sslmode=verify-full'] : [];
  return [...found, ...(await hostShortcomings(host))];
}

/** The same of the replicas of a server, which tenants' logins go to as well. */
export async function replicaShortcomings(replicas: readonly Address[], isLocal: boolean): Promise<string[]> {
  if (isLocal) return [];
  return (await Promise.all(replicas.map(({ host }) => hostShortcomings(host)))).flat();
}

async function hostShortcomings(host: string): Promise<string[]> {
  if (host.startsWith('/')) return ['a socket folder is no address of another machine'];
  const addresses = isIP(host)
    ? [host]
    : (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address);
  if (addresses.length === 0) return [`the name ${host} has no address`];
  return addresses.some(isInward) ? [`${host} is an address of this machine or its link`] : [];
}

/** This machine and its link; an IPv4 address in the spelling of IPv6 counts as what it is. */
function isInward(address: string): boolean {
  return inward.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const inward = new BlockList();
inward.addSubnet('0.0.0.0', 8, 'ipv4');
inward.addSubnet('127.0.0.0', 8, 'ipv4');
inward.addSubnet('169.254.0.0', 16, 'ipv4');
inward.addSubnet('::', 127, 'ipv6');
inward.addSubnet('fe80::', 10, 'ipv6');
