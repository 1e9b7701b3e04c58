import type { ErrorName } from '@cofferdam/core';
import { defaultDateRange, readCursorPage, readDateRange, readMetadataFilter } from '../../../http/query.js';
import type { LedgerDeps } from '../../ledger-deps.js';

/**
 * Paging, dates and metadata filter of the lists of transactions and operations: only these have a window of the last
 * months when no dates are sent (ledger-api §5.12).
 */
export function readPostingList(deps: LedgerDeps, query: Readonly<Record<string, string>>, noneFound: ErrorName) {
  const { limit, cursor, sortOrder } = readCursorPage(query, { max: deps.limits.pageLimitMax });
  const created = readDateRange(query) ?? defaultDateRange(deps.now(), deps.limits.monthRangeMax);
  const metadata = readMetadataFilter(query);
  return { limit, cursor, sortOrder, created, metadata: metadata && { ...metadata, noneFound } };
}
