import type pg from 'pg';

/** A foreign key between two tables of one schema. */
export interface TableReference {
  readonly from: string;
  readonly to: string;
}

/** Which tables of a schema refer to which others of it. */
export async function readReferences(client: pg.ClientBase, schema: string): Promise<TableReference[]> {
  const { rows } = await client.query<TableReference>(
    `select c.relname as "from", p.relname as "to"
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
     where k.contype = 'f' and k.conrelid <> k.confrelid and k.connamespace = to_regnamespace($1)`,
    [`"${schema}"`],
  );
  return rows;
}

/**
 * The order in which rows may be written: what others refer to comes first.
 * @throws Error when tables refer to each other in a circle
 */
export function parentsFirst(names: readonly string[], references: readonly TableReference[]): string[] {
  const sorted: string[] = [];
  const open = new Set(names);
  while (open.size > 0) {
    const ready = [...open].filter((name) => !references.some(({ from, to }) => from === name && open.has(to)));
    if (ready.length === 0) throw new Error(`tables refer to each other in a circle: ${[...open].join(', ')}`);
    for (const name of ready) open.delete(name);
    sorted.push(...ready);
  }
  return sorted;
}
