import { type Check, eachServer, reporter } from './finding.js';

/** Of a direction of replication, by the names that moves give (`move/replication.ts`). */
const linkPattern = '^t_[0-9a-f]{32}_(move|back)$';
const storePattern = '^t_[0-9a-f]{32}(_b|_migrator|_owner)?$';

/** What a move has left where no tenant of ours is any more, and moves that wait while the log grows. */
export const checkMoves: Check = {
  id: 'moves',
  what: 'leftovers of moves, and moves that wait to be confirmed',
  async run(tools) {
    const { findings, report } = reporter('moves');
    const moves = await tools.control.pool.query<{ id: string; tenant: string; login: string; phase: string }>(
      `select o.id, o.tenant_id as tenant, p.owner_role as login, o.details ->> 'phase' as phase
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
    const moving = new Set(moves.rows.map(({ login }) => login.replace(/_owner$/, '')));
    const { rows: placements } = await tools.control.pool.query<{ owner: string; server: string }>(
      `select p.owner_role as owner, p.server_id as server from placement p join tenant t on t.id = p.tenant_id where t.status <> 'deleted'`,
    );
    const serverOf = new Map(placements.map(({ owner, server }) => [owner.replace(/_owner$/, ''), server]));
    await eachServer(tools, report, async ({ id: server, cluster }) => {
      const { rows } = await cluster.query<{ kind: string; name: string; bytes: number | null }>(
        `select 'login' as kind, rolname as name, null::float8 as bytes from pg_roles where rolname ~ $1
         union all select 'replication slot', slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8
           from pg_replication_slots where slot_name ~ $1
         union all select 'subscription', subname, null from pg_subscription where subname ~ $1
         union all select 'role', rolname, null from pg_roles where rolname ~ $2
         union all select 'database', datname, null from pg_database where datname ~ $2 order by 1, 2`,
        [linkPattern, storePattern],
      );
      for (const { kind, name, bytes } of rows) {
        const tenant = name.slice(0, 34);
        const subject = `${kind} ${name} on server ${server}`;
        if (moving.has(tenant)) {
          if (bytes !== null && bytes > keptMax)
            report(
              'warning',
              subject,
              `keeps ${Math.round(bytes / 2 ** 20)} MiB of the server's log: the other place does not follow`,
              'Start the other server, or confirm or revert the move.',
            );
          continue;
        }
        const home = serverOf.get(tenant);
        const isLink = name.endsWith('_move') || name.endsWith('_back');
        // What belongs to no tenant of ours at all is told by the check of orphans.
        if (isLink ? home === undefined : home === undefined || home === server) continue;
        report(
          isLink ? 'warning' : 'note',
          subject,
          isLink ? 'is of a move that has ended' : `the tenant's books are on server ${home}: a move has left it`,
          remedies[kind]?.(name) ?? `DROP ${kind.toUpperCase()} ${name};`,
        );
      }
    });
    return findings;
  },
};

const keptMax = 2 ** 30;

const remedies: Readonly<Record<string, (name: string) => string>> = {
  login: (name) => `In each database that it has rights in: DROP OWNED BY ${name}; then DROP ROLE ${name};`,
  'replication slot': (name) => `SELECT pg_drop_replication_slot('${name}');`,
  subscription: (name) =>
    `ALTER SUBSCRIPTION ${name} DISABLE; ALTER SUBSCRIPTION ${name} SET (slot_name = NONE); DROP SUBSCRIPTION ${name}; in its database`,
};
