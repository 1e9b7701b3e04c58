import type { AdminConnections, AdminServer } from '../admin-connections.js';
import { TenancyError } from '../tenancy-error.js';
import { isSameServer, type MoveDetails, type PauseEstimate } from './move-record.js';

type Places = Pick<MoveDetails, 'from' | 'to'>;

/**
 * By logical replication, when both sides have what it needs (both, because the way back needs it too); else, where that is
 * allowed, by a copy in a pause.
 * @throws TenancyError move_unfit
 */
export async function chooseMethod(
  admin: AdminConnections,
  places: Places,
  allowPause: boolean,
): Promise<Pick<MoveDetails, 'method' | 'estimate'>> {
  const [source, target] = await Promise.all([admin.server(places.from.serverId), admin.server(places.to.serverId)]);
  const inTheWay = await leftovers(target, places);
  if (inTheWay.length > 0) throw new TenancyError('move_unfit', `The tenant cannot be moved: ${inTheWay.join('; ')}.`);
  const shortcomings = [
    ...(await shortcomingsOf(source)),
    ...(source.id === target.id ? [] : await shortcomingsOf(target)),
  ];
  if (shortcomings.length === 0) return { method: 'replication' };
  const estimate = await estimatePause(source, places);
  if (allowPause) return { method: 'pause', estimate };
  throw new TenancyError(
    'move_unfit',
    `The tenant cannot be moved while it is written to: ${shortcomings.join('; ')}. Put that right, and writes pause for 2 s at most; or allow a pause for as long as a copy takes (--allow-pause, by API "allowPause": true): about ${describe(estimate)}.`,
    { estimate },
  );
}

const describe = ({ rows, bytes, pauseMs }: PauseEstimate) =>
  `${Math.ceil(pauseMs / 1_000)} s for some ${rows} rows (${Math.ceil(bytes / 2 ** 20)} MiB)`;

/** What a small machine does, comparison of both sides included; a fast one needs a fraction of it. */
const rowsPerMs = 10;
const bytesPerMs = 8_192;
/** Until every process has let go of the tenant, and the switch itself. */
const leastMs = 1_500;

async function estimatePause(source: AdminServer, { from }: Places): Promise<PauseEstimate> {
  const client = await source.connect(from.store.database, from.store.schema);
  try {
    const { rows } = await client.query<{ rows: number; bytes: number }>(
      `select coalesce(sum(greatest(c.reltuples, s.n_live_tup, 0)), 0)::float8 as rows,
              coalesce(sum(pg_table_size(c.oid)), 0)::float8 as bytes
         from pg_class c left join pg_stat_user_tables s on s.relid = c.oid
        where c.relnamespace = to_regnamespace($1) and c.relkind = 'r'`,
      [`"${from.store.schema}"`],
    );
    const found = rows[0] ?? { rows: 0, bytes: 0 };
    const pauseMs = leastMs + Math.max(found.rows / rowsPerMs, found.bytes / bytesPerMs);
    return { rows: Math.round(found.rows), bytes: found.bytes, pauseMs: Math.round(pauseMs) };
  } finally {
    await client.end();
  }
}

async function shortcomingsOf({ id, cluster }: AdminServer): Promise<string[]> {
  const { rows } = await cluster.query<{ wal: string; slots: number; senders: number; superuser: boolean }>(
    `select current_setting('wal_level') as wal, rolsuper as superuser,
            current_setting('max_replication_slots')::integer - (select count(*)::integer from pg_replication_slots) as slots,
            current_setting('max_wal_senders')::integer - (select count(*)::integer from pg_stat_replication) as senders
       from pg_roles where rolname = current_user`,
  );
  const [found] = rows;
  if (found === undefined) return [`server ${id} does not tell what it is`];
  return [
    ...(found.wal === 'logical' ? [] : [`server ${id} has wal_level=${found.wal}: set it to logical and restart it`]),
    ...(found.superuser ? [] : [`the administering login of server ${id} must be a superuser`]),
    ...(found.slots >= slotsNeeded
      ? []
      : [`server ${id} has ${found.slots} replication slots left: raise max_replication_slots`]),
    ...(found.senders >= slotsNeeded
      ? []
      : [`server ${id} has ${found.senders} WAL senders left: raise max_wal_senders`]),
  ];
}

/** One for each direction and two for tables that are being copied. */
const slotsNeeded = 4;

/** A database or schema of that name would be taken for ours, and dropped when the move is given up. */
async function leftovers(target: AdminServer, { from, to }: Places): Promise<string[]> {
  const { database, schema, runtimeLogin } = to.store;
  const { rows } = await target.cluster.query<{ database: boolean; role: boolean }>(
    `select exists (select from pg_database where datname = $1) as database,
            exists (select from pg_roles where rolname = $2 or not $4 and rolname in ($3, $5)) as role`,
    [database, runtimeLogin, to.store.ownerRole, isSameServer({ from, to }), to.store.migratorLogin],
  );
  const found = [
    ...(to.isolation === 'database' && rows[0]?.database === true ? [`the database ${database}`] : []),
    ...(rows[0]?.role === true ? [`a role of the tenant`] : []),
  ];
  if (to.isolation === 'schema' && rows[0]?.database === true) {
    const schemas = await target.shared.query('select from pg_namespace where nspname = $1', [schema]);
    if (schemas.rowCount !== 0) found.push(`the schema ${schema}`);
  }
  return found.map((what) => `${what} is on server ${target.id} already: cofferdam doctor tells whose it is`);
}
