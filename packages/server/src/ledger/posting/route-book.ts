import { type OperationRouteType, parseUuid, type TransactionRoute } from '@cofferdam/core';
import type { BatchContext } from '../storage/idempotency-keys.js';
import { effectiveSettings } from '../storage/ledger-settings.js';
import type { EarlierRows } from '../storage/lock-transactions.js';
import { readOperationTypes, readTransactionRoutes } from '../storage/read-routes.js';
import type { TenantClient } from '../storage/with-tenant.js';
import { readStoredLegs } from './build-rows.js';
import type { Posting } from './posting-types.js';

/** The routes that a batch may have to follow. */
export interface RouteBook {
  transactionRoute(ledgerId: string, id: string): TransactionRoute | undefined;
  /** Undefined for ids that are no operation route: without validation a routeId is only noted. */
  operationType(id: string): OperationRouteType | undefined;
}

const noRoutes: RouteBook = { transactionRoute: () => undefined, operationType: () => undefined };

/** Reads nothing, and asks nothing of the store, unless a ledger validates routes or something routed is reverted. */
export async function readRouteBook(
  client: TenantClient,
  postings: readonly Posting[],
  earlier: EarlierRows,
  context: BatchContext,
): Promise<RouteBook> {
  const validating = new Set(
    context.ledgers
      .filter(({ settings }) => settings !== null && effectiveSettings(settings).accounting.validateRoutes)
      .map(({ ledgerId }) => ledgerId),
  );
  const transactionRouteIds = validating.size === 0 ? [] : namedRoutes(postings, earlier, validating);
  const reverted = new Set(postings.flatMap((p) => (p.kind === 'revert' ? [p.transactionId] : [])));
  const operationRouteIds = [
    ...earlier.operations.flatMap((o) => (o.route_id !== null && reverted.has(o.transaction_id) ? [o.route_id] : [])),
    // Those that a commit in the same batch would write.
    ...earlier.transactions.flatMap((t) =>
      reverted.has(t.id) ? readStoredLegs(t).flatMap(({ notes }) => notes.routeId ?? []) : [],
    ),
  ];
  if (transactionRouteIds.length === 0 && operationRouteIds.length === 0) return noRoutes;
  const routes = await readTransactionRoutes(client, transactionRouteIds);
  const types = await readOperationTypes(client, operationRouteIds);
  return {
    transactionRoute(ledgerId, id) {
      const found = routes.get(id);
      return found?.ledgerId === ledgerId ? found.route : undefined;
    },
    operationType: (id) => types.get(id),
  };
}

function namedRoutes(
  postings: readonly Posting[],
  earlier: EarlierRows,
  validating: ReadonlySet<string>,
): readonly string[] {
  const texts = [
    ...postings.flatMap((p) =>
      p.kind === 'create' && validating.has(p.ledgerId) ? [p.command.routeId || p.command.route] : [],
    ),
    ...earlier.transactions.flatMap((t) => (validating.has(t.ledger_id) ? [t.route_id ?? t.route] : [])),
  ];
  return [...new Set(texts.flatMap((text) => parseUuid(text ?? '') ?? []))];
}
