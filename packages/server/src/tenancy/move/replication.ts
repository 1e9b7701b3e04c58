import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral as text } from '../../postgres/identifiers.js';
import { scramVerifier } from '../../postgres/scram-verifier.js';
import type { AdminServer } from '../admin-connections.js';
import { changeSharedRights } from '../walls/serialize.js';
import { grantToAdmin } from '../walls/store-roles.js';
import type { Place } from './move-record.js';

/** The administrator inside one place, and the cluster that it is in. */
export interface OpenPlace {
  readonly place: Place;
  readonly server: AdminServer;
  /** In the place's database. */
  readonly client: pg.Client;
}

/** `move`: from the old place to the new one; `back`: the other way, until the move is confirmed. */
export type Direction = 'move' | 'back';

/** One name for publication, slot, login and subscription of one direction; unique in a cluster, as slots and logins are. */
export const linkName = ({ store }: Place, direction: Direction) =>
  `${store.ownerRole.replace(/_owner$/, '')}_${direction}`;

/** Replicated as books; the record of migrations is made by the migrations of each place. */
export async function listTables(client: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class
      where relnamespace = to_regnamespace($1) and relkind = 'r' and relname <> 'schema_migration' order by relname`,
    [`"${schema}"`],
  );
  return rows.map(({ name }) => name);
}

/**
 * What the receiver copies from: a login that may read the tables of this tenant alone, a publication of them, and a slot that
 * keeps what is committed from here on. The slot is made by itself, because a subscription to its own cluster waits for
 * itself when it makes one. Idempotent.
 */
export async function offer(
  { place, server, client }: OpenPlace,
  direction: Direction,
  password: string,
): Promise<void> {
  const name = linkName(place, direction);
  const { schema, database } = place.store;
  const login = id(name);
  const tables = (await listTables(client, schema)).map((table) => `${id(schema)}.${id(table)}`).join(', ');
  const { rows } = await client.query<{ login: boolean; publication: boolean; slot: boolean }>(
    `select exists (select from pg_roles where rolname = $1) as login,
            exists (select from pg_publication where pubname = $1) as publication,
            exists (select from pg_replication_slots where slot_name = $1) as slot`,
    [name],
  );
  const verifier = text(await scramVerifier(password));
  if (rows[0]?.login !== true)
    await server.cluster.query(
      `create role ${login} login replication nosuperuser nocreatedb nocreaterole nobypassrls connection limit 12 password ${verifier}`,
    );
  await changeSharedRights(server.cluster, `grant connect on database ${id(database)} to ${login}`);
  await client.query(
    `set role ${id(place.store.ownerRole)}; grant usage on schema ${id(schema)} to ${login};
     grant select on ${tables} to ${login}; reset role`,
  );
  if (rows[0]?.publication !== true) await client.query(`create publication ${login} for table ${tables}`);
  if (rows[0]?.slot !== true)
    await client.query(`select pg_create_logical_replication_slot(${text(name)}, 'pgoutput')`);
}

/** The receiver follows the sender; with `copy` it takes what is there first. Idempotent. */
export async function follow(
  receiver: OpenPlace,
  sender: OpenPlace,
  direction: Direction,
  options: { readonly password: string; readonly copy: boolean },
): Promise<void> {
  const name = linkName(receiver.place, direction);
  const { rowCount } = await receiver.client.query(
    'select from pg_subscription where subname = $1 and subdbid = (select oid from pg_database where datname = current_database())',
    [name],
  );
  if (rowCount !== 0) return;
  await receiver.client.query(
    `create subscription ${id(name)} connection ${text(conninfo(sender, name, options.password))} publication ${id(name)}
       with (create_slot = false, slot_name = ${text(name)}, copy_data = ${options.copy}, synchronous_commit = 'on')`,
  );
}

/** As libpq reads it. A server's certificate was checked when the server was added; libpq wants a file for that. */
function conninfo({ server, place }: OpenPlace, name: string, password: string): string {
  const { host, port, ssl, addresses } = server.settings;
  const all = addresses?.all ?? [{ host, port }];
  const fields = {
    // A socket folder is on this machine, where the server listens too.
    host: all.map((each) => (each.host.startsWith('/') ? '127.0.0.1' : each.host)).join(','),
    port: all.map((each) => each.port).join(','),
    target_session_attrs: 'read-write',
    dbname: place.store.database,
    user: name,
    password,
    application_name: name,
    sslmode: ssl === undefined ? 'prefer' : 'require',
    connect_timeout: '5',
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}='${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`)
    .join(' ');
}

/** How many of the tables have been copied; after that changes are followed. */
export async function copied(
  { place, client }: OpenPlace,
  direction: Direction,
): Promise<{ copied: number; of: number }> {
  const { rows } = await client.query<{ copied: number; of: number }>(
    `select count(*) filter (where srsubstate in ('r', 's'))::integer as copied, count(*)::integer as of
       from pg_subscription_rel where srsubid = (select oid from pg_subscription where subname = $1
        and subdbid = (select oid from pg_database where datname = current_database()))`,
    [linkName(place, direction)],
  );
  return rows[0] ?? { copied: 0, of: 0 };
}

/** The end of the sender's log: what the receiver must have applied to have everything. */
export async function endOfLog({ client }: OpenPlace): Promise<string> {
  // Flushed, and with it every commit before it, however lazily these were made: what is not flushed is not sent. And
  // something to decode, so that the receiver hears of the position at once and not at its next report.
  await client.query(`set synchronous_commit = 'local'`);
  await client.query(`select pg_logical_emit_message(true, 'cofferdam', '')`);
  const { rows } = await client.query<{ at: string }>('select pg_current_wal_lsn()::text as at');
  return rows[0]?.at ?? '0/0';
}

/** Bytes of the sender's log that the receiver has not applied; undefined while it is not connected. */
export async function lagBehind(
  sender: OpenPlace,
  direction: Direction,
  position: string,
): Promise<number | undefined> {
  const { rows } = await sender.client.query<{ lag: number | null }>(
    `select pg_wal_lsn_diff($2::pg_lsn, replay_lsn)::float8 as lag from pg_stat_replication where application_name = $1`,
    [linkName(sender.place, direction), position],
  );
  return rows[0]?.lag ?? undefined;
}

/** The way back begins here: nothing before it is sent to the old place, which has it. */
export async function beginAtEnd({ place, client }: OpenPlace, direction: Direction): Promise<void> {
  await client.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [linkName(place, direction)]);
}

/**
 * Takes the subscription away, and with it the slots at the sender. A sender that cannot be reached keeps them; its
 * `withdraw` finds them by the number that is answered. Idempotent.
 */
export async function unfollow({ place, client }: OpenPlace, direction: Direction): Promise<string | undefined> {
  const name = linkName(place, direction);
  const { rows } = await client.query<{ oid: string }>(
    `select oid::text as oid from pg_subscription
      where subname = $1 and subdbid = (select oid from pg_database where datname = current_database())`,
    [name],
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  await client.query(`alter subscription ${id(name)} disable`);
  try {
    await client.query(`drop subscription ${id(name)}`);
  } catch {
    await client.query(`alter subscription ${id(name)} set (slot_name = none)`);
    await client.query(`drop subscription ${id(name)}`);
  }
  return found.oid;
}

/** Takes slots, publication and login away, those of a copy that was cut short too. Idempotent. */
export async function withdraw(
  { place, server, client }: OpenPlace,
  direction: Direction,
  subscription?: string,
): Promise<void> {
  const name = linkName(place, direction);
  const { rowCount } = await server.cluster.query('select from pg_roles where rolname = $1', [name]);
  if (rowCount === 1) {
    await server.cluster.query(`alter role ${id(name)} nologin`);
    await server.cluster.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1', [
      name,
    ]);
  }
  const copies = `pg_${subscription ?? 'none'}_sync_`;
  await client.query(
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots
      where slot_name = $1 or starts_with(slot_name, $2) and database = current_database()`,
    [name, copies],
  );
  await client.query(`drop publication if exists ${id(name)}`);
  if (rowCount !== 1) return;
  await server.cluster.query(grantToAdmin(name));
  await changeSharedRights(server.cluster, `revoke all on database ${id(place.store.database)} from ${id(name)}`);
  await client.query(`drop owned by ${id(name)}`);
  await server.cluster.query(`drop role ${id(name)}`);
}
