import type pg from 'pg';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { isPermissionDenied } from '../../postgres/pg-errors.js';

/** Those of `databases` that any login of the server may connect to. Databases that do not exist are closed. */
export async function openToPublic(client: pg.ClientBase, databases: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ datname: string }>(
    `select datname from pg_database
      where datname = any ($1) and has_database_privilege('public', oid, 'connect') order by datname`,
    [databases],
  );
  return rows.map(({ datname }) => datname);
}

/**
 * Revokes CONNECT and TEMPORARY from PUBLIC, which PostgreSQL gives away by default. `if allowed`: databases that belong
 * to the server's own superuser cannot be closed by a lesser admin; the caller warns. For ours a failure is an error.
 */
export async function closeToPublic(
  client: pg.ClientBase,
  databases: readonly string[],
  when: 'always' | 'if allowed' = 'always',
): Promise<void> {
  for (const database of await openToPublic(client, databases)) {
    try {
      await client.query(`revoke all on database ${id(database)} from public`);
    } catch (error) {
      if (when === 'always' || !isPermissionDenied(error)) throw error;
    }
  }
  if (when === 'if allowed') return;
  // Without grant rights PostgreSQL only warns ("no privileges could be revoked"): look again.
  const open = await openToPublic(client, databases);
  if (open.length > 0)
    throw new Error(`${open.join(', ')}: PUBLIC may still connect; the admin login must own these databases`);
}
