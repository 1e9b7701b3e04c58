import type pg from 'pg';
import { type Check, eachServer, reporter } from './finding.js';
import { forEachTenant } from './for-each-tenant.js';

/** Of a direction of replication, by the names that moves give (`move/replication.ts`). */
const linkPattern = /^t_[0-9a-f]{32}_(move|back)$/;
const tenantPattern = /^t_[0-9a-f]{32}/;
const storePattern = '^t_[0-9a-f]{32}(_b|_migrator|_owner)?$';

/** What a move has left where no tenant of ours is any more, and moves that wait while the log grows. */
export const checkMoves: Check = {
  id: 'moves',
  what: 'leftovers of moves, and moves that wait to be confirmed',
  async run(tools, say) {
    const { findings, report } = reporter('moves');
    const moves = await tools.control.pool.query<Move>(
      `select o.id, o.tenant_id as tenant, left(p.owner_role, -6) as name, o.details ->> 'phase' as phase,
              array[o.details #>> '{from,serverId}', o.details #>> '{to,serverId}'] as servers
         from operation o join placement p on p.tenant_id = o.tenant_id
        where o.kind = 'tenant.move' and o.state in ('waiting', 'running')`,
    );
    for (const { id, tenant, phase } of moves.rows.filter((move) => move.phase === 'await'))
      report(
        'note',
        `tenant ${tenant}`,
        `its move (operation ${id}) is in phase ${phase}: it can still be taken back, and is not migrated until then`,
        `cofferdam tenants confirm ${tenant}, or revert ${tenant}`,
      );
    const { rows: placements } = await tools.control.pool.query<{ name: string; server: string }>(
      `select left(p.owner_role, -6) as name, p.server_id as server from placement p join tenant t on t.id = p.tenant_id where t.status <> 'deleted'`,
    );
    const serverOf = new Map(placements.map(({ name, server }) => [name, server]));
    const isMoving = (name: string, server: string) =>
      moves.rows.some((move) => move.name === name && move.servers.includes(server));
    const judge = (server: string, { kind, name, bytes, database }: Found) => {
      const tenant = tenantPattern.exec(name)?.[0];
      const subject = `${kind} ${name} on server ${server}`;
      const kept = bytes === null ? '' : `, and keeps ${Math.round(bytes / 2 ** 20)} MiB of the server's log`;
      if (tenant === undefined) {
        // Of one table's copy: it tells no tenant, only the database that is copied from.
        if (database !== tools.names.sharedDatabase && !serverOf.has(database ?? '')) return;
        if (moves.rows.some(({ servers }) => servers.includes(server))) return;
        const problem = `copies a table of ${database}, but no move is under way here${kept}, more by the hour: the disk fills`;
        report('warning', subject, problem, remedyOf(kind, name, database));
      } else if (isMoving(tenant, server)) {
        if (bytes === null || bytes <= keptMax) return;
        const problem = `keeps ${Math.round(bytes / 2 ** 20)} MiB of the server's log: the other place does not follow`;
        report('warning', subject, problem, 'Start the other server, or confirm or revert the move.');
      } else if (linkPattern.test(name)) {
        const remedy = remedyOf(kind, name, database);
        if (serverOf.has(tenant))
          report('warning', subject, `is of a move that has ended${kept}${effects[kind] ?? ''}`, remedy);
        else {
          const problem = `is of a move of a tenant that is not of this installation${kept}${effects[kind] ?? ''}`;
          report('note', subject, problem, `If no other installation of this cluster is moving it: ${remedy}`);
        }
      } else {
        const home = serverOf.get(tenant);
        // What belongs to no tenant of ours at all is told by the check of orphans.
        if (home === undefined || home === server) return;
        const problem = `the tenant's books are on server ${home}: a move has left it`;
        report('note', subject, problem, remedyOf(kind, name, database));
      }
    };
    await eachServer(tools, report, async ({ id: server, cluster, shared, sharedDatabase }) => {
      const { rows } = await cluster.query<Found>(
        `select 'login' as kind, rolname as name, null::float8 as bytes, null as database from pg_roles where rolname ~ $1
         union all select 'replication slot', slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8, database
           from pg_replication_slots
          where slot_name ~ $1 or slot_name ~ '^pg_[0-9]+_sync_' and not active and (database ~ $2 or database = $3)
         union all select 'subscription', subname, null, datname
           from pg_subscription join pg_database d on d.oid = subdbid where subname ~ $1
         union all select 'role', rolname, null, null from pg_roles where rolname ~ $2
         union all select 'database', datname, null, null from pg_database where datname ~ $2 order by 1, 2`,
        [linkPattern.source, storePattern, sharedDatabase],
      );
      for (const found of rows) judge(server, found);
      const { rowCount } = await cluster.query('select from pg_database where datname = $1', [sharedDatabase]);
      if (rowCount !== 0) for (const found of await publicationsIn(shared, sharedDatabase)) judge(server, found);
    });
    await forEachTenant(tools, report, say, async ({ placement }, { inStore }) => {
      if (placement.store.database === tools.names.sharedDatabase) return;
      const found = await inStore((client) => publicationsIn(client, placement.store.database));
      for (const one of found) judge(placement.serverId, one);
    });
    return findings;
  },
};

interface Move {
  readonly id: string;
  readonly tenant: string;
  /** What the names of all that is its begin with. */
  readonly name: string;
  readonly phase: string;
  readonly servers: readonly string[];
}

interface Found {
  readonly kind: string;
  readonly name: string;
  /** Of the server's log that it keeps from being removed; null: it keeps none. */
  readonly bytes: number | null;
  readonly database: string | null;
}

/** A publication is seen in its own database only. */
async function publicationsIn(client: Pick<pg.ClientBase, 'query'>, database: string): Promise<Found[]> {
  const { rows } = await client.query<{ name: string }>(
    'select pubname as name from pg_publication where pubname ~ $1',
    [linkPattern.source],
  );
  return rows.map(({ name }) => ({ kind: 'publication', name, bytes: null, database }));
}

const keptMax = 2 ** 30;

/** Why it should not stay. */
const effects: Readonly<Record<string, string>> = {
  login: ': it may replicate, and so read what the whole database writes',
  'replication slot': ', more by the hour: the disk fills',
  subscription: ': rows that come by it are written into the tables',
  publication: ': it sends nothing by itself',
};

function remedyOf(kind: string, name: string, database: string | null): string {
  const inDatabase = database === null ? '' : ` in database ${database}`;
  const remedies: Readonly<Record<string, string>> = {
    login: `In each database that it has rights in: DROP OWNED BY ${name}; then DROP ROLE ${name};`,
    'replication slot': `SELECT pg_drop_replication_slot('${name}');${inDatabase} (while it is active, first drop the subscription ${name} at the other server)`,
    subscription: `ALTER SUBSCRIPTION ${name} DISABLE; ALTER SUBSCRIPTION ${name} SET (slot_name = NONE); DROP SUBSCRIPTION ${name};${inDatabase}; then its slot at the other server`,
    publication: `DROP PUBLICATION ${name};${inDatabase}`,
  };
  return remedies[kind] ?? `DROP ${kind.toUpperCase()} ${name};`;
}
