import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import { parentsFirst, readReferences } from '../../postgres/parents-first.js';
import { compare, connectAlike, readTables } from './content.js';
import type { Comparison } from './move-record.js';
import type { OpenPlace } from './replication.js';

export interface CopyOptions {
  readonly onTable: (copied: number, of: number) => Promise<void>;
  /** Everything is there and compared, nothing of it is committed. */
  readonly beforeCommit: () => Promise<void>;
}

/**
 * Everything that the sender holds takes the place of what the receiver holds: PostgreSQL's COPY out of one into the other, a
 * table at a time, compared, in one transaction. Nobody may write at either side.
 * @throws ContentDiffers
 */
export async function copyBooks(sender: OpenPlace, receiver: OpenPlace, options: CopyOptions): Promise<Comparison> {
  const { schema } = sender.place.store;
  const [left, right] = await Promise.all([connectAlike(sender, schema), connectAlike(receiver, schema)]);
  try {
    await left.query('begin isolation level repeatable read read only');
    await right.query('begin');
    const tables = await readTables(left, schema);
    const qualified = (name: string) => `${id(schema)}.${id(name)}`;
    await right.query(`truncate ${tables.map(({ name }) => qualified(name)).join(', ')}`);
    const columnsOf = new Map(tables.map(({ name, columns }) => [name, columns]));
    const names = parentsFirst([...columnsOf.keys()], await readReferences(left, schema));
    for (const [copied, name] of names.entries()) {
      await options.onTable(copied, names.length);
      const table = `${qualified(name)} (${columnsOf.get(name)})`;
      await pipeline(left.query(copyTo(`copy ${table} to stdout`)), right.query(copyFrom(`copy ${table} from stdin`)));
    }
    await options.onTable(names.length, names.length);
    const compared = await compare(left, right, schema, tables, {});
    await options.beforeCommit();
    await right.query('commit');
    return compared;
  } finally {
    await Promise.all([left.end(), right.end()]);
  }
}

/** So that the first requests at a new place are planned with what is in its tables. */
export async function analyze(place: OpenPlace, schema: string): Promise<void> {
  const client = await connectAlike(place, schema);
  try {
    for (const { name } of await readTables(client, schema)) await client.query(`analyze ${id(schema)}.${id(name)}`);
  } finally {
    await client.end();
  }
}
