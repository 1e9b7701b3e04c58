import type pg from 'pg';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { sqlState } from '../../postgres/pg-errors.js';
import { type BookTable, readBookTables } from './book-tables.js';
import type { Manifest, TableManifest } from './manifest.js';

/**
 * A session notices within a second that its client was killed, also in the middle of a long statement: its locks keep the
 * next import waiting until then.
 */
export async function endWithItsClient(client: pg.Client): Promise<void> {
  try {
    await client.query(`set client_connection_check_interval = '1s'`);
  } catch (error) {
    // A PostgreSQL on a system that cannot tell.
    if (sqlState(error) !== '22023') throw error;
  }
}

/** The first table with rows; undefined: there are no books. */
export async function firstFilled(client: pg.Client, own: readonly BookTable[]): Promise<string | undefined> {
  for (const { name } of own) {
    const { rowCount } = await client.query(`select from ${id(name)} limit 1`);
    if (rowCount !== 0) return name;
  }
  return undefined;
}

/**
 * Gives back the disk that an import which was undone has left in empty tables, before the next one takes as much again. In a
 * transaction of its own: readers of the empty books wait for a moment, not for all of the import.
 */
export async function clearTheGround(client: pg.Client, schema: string, asOwner: string): Promise<void> {
  await client.query('begin');
  try {
    await client.query(asOwner);
    const own = await readBookTables(client, schema);
    const names = own.map(({ name }) => id(name)).join(', ');
    if ((await firstFilled(client, own)) === undefined && (await bytesOf(client, own)) > 0) {
      await client.query(`lock table ${names} in access exclusive mode`);
      if ((await firstFilled(client, own)) === undefined) await client.query(`truncate ${names}`);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function bytesOf(client: pg.Client, own: readonly BookTable[]): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    'select sum(pg_relation_size(name::regclass)) as bytes from unnest($1::text[]) name',
    [own.map(({ name }) => id(name))],
  );
  return Number(rows[0]?.bytes);
}

/** Whether the books that are there are those of the export, and nothing else. */
export async function holdsAlready(
  client: pg.Client,
  own: readonly BookTable[],
  { tables }: Manifest,
  isSame: (table: TableManifest) => Promise<boolean>,
): Promise<boolean> {
  const others = own.filter(({ name }) => !tables.some((table) => table.name === name));
  if ((await firstFilled(client, others)) !== undefined) return false;
  for (const { name } of own) {
    const table = tables.find((candidate) => candidate.name === name);
    if (table !== undefined && !(await isSame(table))) return false;
  }
  return true;
}
