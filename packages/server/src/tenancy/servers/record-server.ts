import type pg from 'pg';
import type { ConnectionSettings } from '../../postgres/connection-settings.js';

/**
 * Writes down where a server is reached by tenants' logins. A change (an embedded server on another port) makes a new
 * version, and with it every process replaces the pools of the tenants placed there.
 */
export async function recordServer(
  control: pg.ClientBase,
  server: { readonly id: string; readonly settings: ConnectionSettings; readonly now: () => Date },
): Promise<void> {
  const { host, port, ssl, addresses } = server.settings;
  // With one address only, what an operator has said of replicas stays.
  const others = addresses === undefined ? null : JSON.stringify(addresses.all.slice(1));
  await control.query('begin');
  try {
    const tls = ssl === undefined ? null : JSON.stringify(ssl);
    const values = [server.id, host, port, tls, server.now().toISOString(), others];
    await control.query(
      `with same as (select from server where id = $1 and host = $2 and port = $3 and tls is not distinct from $4::jsonb
                        and replicas = coalesce($6::jsonb, replicas)),
            bump as (update change_feed set counter = counter + 1 where not exists (select from same) returning counter)
       insert into server as s (id, host, port, tls, replicas, version, created_at, updated_at)
       select $1, $2, $3, $4::jsonb, coalesce($6::jsonb, '[]'), counter, $5, $5 from bump
       on conflict (id) do update
         set host = excluded.host, port = excluded.port, tls = excluded.tls, replicas = coalesce($6::jsonb, s.replicas),
             version = excluded.version, updated_at = excluded.updated_at`,
      values,
    );
    await control.query('commit');
  } catch (error) {
    await control.query('rollback').catch(() => {});
    throw error;
  }
}
