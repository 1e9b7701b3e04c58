import { stringifyJson } from '../../http/json.js';
import type { Metadata } from './tables.js';

/** Where new rows get their id and their time from: `LedgerDeps` is one. */
export interface Origin {
  readonly now: () => Date;
  readonly newId: () => string;
}

/** What all resources may be given (ledger-api §3.2, §3.3). */
export interface Description {
  readonly status?: { readonly code?: string; readonly description?: string | null };
  readonly metadata?: Metadata | null;
}

interface DescribedRow {
  readonly status_code: string;
  readonly status_description: string | null;
  readonly metadata: Metadata;
}

/** The columns that every new row has: id, metadata, life span. */
export function bornColumns({ now, newId }: Origin, given: Pick<Description, 'metadata'>) {
  const at = now().toISOString();
  return {
    id: newId(),
    metadata: stringifyJson(given.metadata ?? {}),
    created_at: at,
    updated_at: at,
    deleted_at: null,
  };
}

/** The same and the status, as given or by default. */
export function newColumns(origin: Origin, given: Description) {
  return {
    ...bornColumns(origin, given),
    status_code: given.status?.code || 'ACTIVE',
    status_description: given.status?.description ?? null,
  };
}

/** The columns that every PATCH may change; `row` is the stored one, locked. */
export function changedColumns({ now }: Origin, row: DescribedRow, body: Description) {
  return {
    ...changedStatus(row, body.status),
    metadata: stringifyJson(mergePatch(row.metadata, body.metadata)),
    updated_at: now().toISOString(),
  };
}

/**
 * Code and description are replaced together; an empty object changes nothing, and a description alone keeps the
 * code, which is what a client means by it (ledger-api §3.3).
 */
function changedStatus(row: DescribedRow, status: Description['status']) {
  if (status === undefined || (!status.code && !status.description)) return {};
  return { status_code: status.code || row.status_code, status_description: status.description ?? null };
}

/** JSON Merge Patch of a flat object (RFC 7396): absent changes nothing, null as a whole empties, a null value removes. */
export function mergePatch(stored: Metadata, patch: Metadata | null | undefined): Metadata {
  if (patch === undefined) return stored;
  if (patch === null) return {};
  const merged = new Map(Object.entries(stored));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  // fromEntries defines own members, so that a key named __proto__ stays a key.
  return Object.fromEntries(merged);
}
