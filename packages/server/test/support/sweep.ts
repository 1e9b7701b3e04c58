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
