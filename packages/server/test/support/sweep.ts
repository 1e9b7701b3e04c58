import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { ConnectionSettings } from '../../src/postgres/connection-settings.js';
import { quoteIdentifier } from '../../src/postgres/identifiers.js';

/** Removes every database and role whose name starts with `prefix`. For servers that outlive the test run. */
export async function sweep(settings: ConnectionSettings, prefix: string): Promise<void> {
  const { host, port, database, user, password } = settings;
  const client = new pg.Client({ host, port, database, user, password });
  await client.connect();
  try {
    const databases = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [prefix],
    );
    for (const { datname } of databases.rows) {
      const name = quoteIdentifier(datname);
      await client.query(`alter database ${name} is_template false`);
      await client.query(`drop database if exists ${name} with (force)`);
    }
    const roles = await client.query<{ rolname: string }>(
      'select rolname from pg_roles where starts_with(rolname, $1)',
      [prefix],
    );
    for (const { rolname } of roles.rows) {
      const name = quoteIdentifier(rolname);
      // What it may own or be granted outside the databases just dropped, such as rights on this one.
      await client.query(`drop owned by ${name}; drop role ${name}`);
    }
  } finally {
    await client.end();
  }
}

/** Names of one test run start with this: the run's second in base 36, and four hex digits. */
export function newRunPrefix(): string {
  return `cdt${Math.trunc(Date.now() / 1000).toString(36)}${randomBytes(2).toString('hex')}`;
}

/** What runs killed more than six hours ago left on a server that lives on. */
export async function sweepOldRuns(settings: ConnectionSettings): Promise<void> {
  const { host, port, database, user, password } = settings;
  const client = new pg.Client({ host, port, database, user, password });
  await client.connect();
  const { rows } = await client
    .query<{ prefix: string }>(
      `select distinct substring(name from '^cdt[0-9a-z]{6}[0-9a-f]{4}') as prefix
       from (select datname as name from pg_database union all select rolname from pg_roles) names
       where name ~ '^cdt[0-9a-z]{6}[0-9a-f]{4}'`,
    )
    .finally(() => client.end());
  const sixHoursAgo = Date.now() / 1000 - 6 * 3_600;
  for (const { prefix } of rows)
    if (Number.parseInt(prefix.slice(3, 9), 36) < sixHoursAgo) await sweep(settings, prefix);
}
