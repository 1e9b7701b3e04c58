import { sql } from 'kysely';
import { metadataIndexPrefix } from '../metadata-index-port.js';
import type { Timestamp } from './tables.js';
import type { TenantTx } from './with-tenant.js';

/** The catalogue is the only record of them: an index cannot be listed and missing, or the other way round. */
export interface MetadataIndex {
  readonly table: string;
  readonly key: string;
  readonly unique: boolean;
  readonly sparse: boolean;
  /** Scans since `statsSince`. */
  readonly accesses: number;
  readonly statsSince: Timestamp | null;
}

interface Row {
  table_name: string;
  definition: string;
  is_unique: boolean;
  accesses: number;
  stats_since: Timestamp | null;
}

/** Those that are ready to be used, in the order of their tables and keys. */
export async function listMetadataIndexes(tx: TenantTx, table: string | undefined): Promise<MetadataIndex[]> {
  const { rows } = await sql<Row>`
    select t.relname as table_name, pg_get_indexdef(i.indexrelid) as definition, i.indisunique as is_unique,
           coalesce(s.idx_scan, 0) as accesses,
           (select stats_reset from pg_stat_database where datname = current_database()) as stats_since
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_class t on t.oid = i.indrelid
    left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid
    where c.relnamespace = current_schema()::regnamespace and starts_with(c.relname, ${metadataIndexPrefix})
      and i.indisvalid and t.relname = coalesce(${table ?? null}::text, t.relname)
    order by 1, 2`.execute(tx);
  return rows.map(read);
}

/** The keys are letters, digits and underscores, so that nothing in them is quoted. */
function read(row: Row): MetadataIndex {
  const key = /metadata ->> '(\w+)'/.exec(row.definition)?.[1] ?? '';
  return {
    table: row.table_name,
    key,
    unique: row.is_unique,
    sparse: row.definition.includes('IS NOT NULL'),
    accesses: row.accesses,
    statsSince: row.stats_since,
  };
}
