import { auditBooks } from '../../src/ledger/audit/audit-books.js';
import { type ConnectionSettings, withDatabase } from '../../src/postgres/connection-settings.js';
import { openTenantPool } from '../../src/postgres/pool.js';
import type { ChangeRecord, CreateRecord } from './records.js';

interface Row {
  readonly id: string;
  readonly tag: string | null;
  readonly status: string;
  readonly parent: string | null;
}

/**
 * Compares the books with what the clients were told: what was acknowledged is there once, what was refused is not there,
 * what is unknown at most once. Then the audit of `cofferdam doctor`, and the sum of everything. Throws with all offences.
 */
export async function checkBooks(
  admin: ConnectionSettings,
  creates: readonly CreateRecord[],
  changes: readonly ChangeRecord[],
  database = 'cofferdam_ledger',
): Promise<void> {
  const pool = openTenantPool(withDatabase(admin, database), {
    max: 1,
    applicationName: 'crash-test',
    searchPath: ['ledger'],
  });
  try {
    const { rows } = await pool.pg.query<Row>(
      "select id, metadata ->> 'tag' as tag, status, parent_transaction_id as parent from transaction",
    );
    const offences = [...creates.flatMap(createCheck(rows)), ...changes.flatMap(changeCheck(rows))];
    const tenant = { tenantId: undefined, slug: undefined, configVersion: 1, pool };
    for (const { rule, count, example } of await auditBooks(tenant))
      offences.push(`${rule}: ${count}, e.g. ${example}`);
    const { rows: sums } = await pool.pg.query(
      `select asset_code, sum(on_hold + case direction when 'credit' then 1 else -1 end * available) as sum
       from balance group by asset_code having sum(on_hold + case direction when 'credit' then 1 else -1 end * available) <> 0`,
    );
    for (const { asset_code, sum } of sums) offences.push(`${asset_code} sums to ${sum}`);
    if (offences.length > 0) throw new Error(`${offences.length} offences:\n${offences.slice(0, 20).join('\n')}`);
  } finally {
    await pool.drain(1_000);
  }
}

/** Reversals copy the metadata of what they revert. */
function createCheck(rows: readonly Row[]) {
  const byTag = new Map<string, string[]>();
  for (const { id, tag, parent } of rows)
    if (tag !== null && parent === null) byTag.set(tag, [...(byTag.get(tag) ?? []), id]);
  return ({ tag, fate, id }: CreateRecord): string[] => {
    const ids = byTag.get(tag) ?? [];
    const right =
      fate === 'acknowledged'
        ? ids.length === 1 && ids[0] === id
        : fate === 'refused'
          ? ids.length === 0
          : ids.length <= 1;
    return right ? [] : [`${tag} was ${fate} as ${id ?? 'nothing'} and is there as ${ids.join(', ') || 'nothing'}`];
  };
}

function changeCheck(rows: readonly Row[]) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const reversals = new Map<string, string[]>();
  for (const { id, parent } of rows) if (parent !== null) reversals.set(parent, [...(reversals.get(parent) ?? []), id]);
  return ({ kind, id, fate, reversalId }: ChangeRecord): string[] => {
    const children = reversals.get(id) ?? [];
    const status = byId.get(id)?.status ?? 'gone';
    const after = kind === 'commit' ? 'APPROVED' : 'CANCELED';
    const done = kind === 'revert' ? children.length === 1 : status === after;
    const notDone = kind === 'revert' ? children.length === 0 : status === 'PENDING';
    const right = fate === 'acknowledged' ? done : fate === 'refused' ? notDone : done || notDone;
    const same = reversalId === undefined || children[0] === reversalId;
    return right && same
      ? []
      : [`${kind} of ${id} was ${fate}; now ${status}, reverted by ${children.join(', ') || 'none'}`];
  };
}
