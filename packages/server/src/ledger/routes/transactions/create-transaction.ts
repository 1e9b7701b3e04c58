import type { CreateKind, ErrorName } from '@cofferdam/core';
import type { Static, TSchema } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import type { Posted } from '../../posting/posting-types.js';
import { createdTransactionExample, createdView, TransactionView } from '../../views/transaction.js';
import { ledgerPath, may, param } from '../shared/paths.js';
import { claimOf } from './idempotency.js';
import { readPosting } from './read-posting.js';
import type { TransactionInput } from './transaction-body.js';

/** What tells one create route from another. */
interface CreateRoute<Body extends TSchema> {
  /** Last part of the URL: `json`. */
  readonly name: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly kind: CreateKind;
  readonly body: Body;
  readonly requestExample: unknown;
  /** The body with both halves of `send`. */
  readonly expand: (body: Static<Body>) => TransactionInput;
}

/** Refusals of a transaction that does not follow its route (§7.4). */
export const routeErrors = [
  'no_routes_for_action',
  'accounting_route_count_mismatch',
  'missing_counterpart',
  'accounting_route_not_found',
  'direction_route_mismatch',
  'corrupted_account_rule',
  'accounting_alias_validation_failed',
  'accounting_account_type_validation_failed',
  'overdraft_route_not_configured',
] as const satisfies readonly ErrorName[];

/** Refusals of every create, in the order of ledger-api §5.4. */
export const createErrors = [
  'invalid_transaction_type',
  'invalid_future_date',
  'invalid_field_for_pending_transaction',
  'invalid_transaction_value',
  'entity_not_found',
  'transaction_value_mismatch',
  'skip_not_permitted',
  'transaction_ambiguous_account',
  'direct_operation_on_internal_balance',
  'transaction_route_not_informed',
  'invalid_transaction_route_id',
  'transaction_route_not_found',
  ...routeErrors,
  'transaction_reservation_unavailable',
  'account_ineligibility',
  'asset_code_not_found',
  'account_status_transaction_restriction',
  'insufficient_funds',
  'overdraft_limit_exceeded',
  'stale_balance_version',
] as const satisfies readonly ErrorName[];

/** The headers that every create reads (§5.10). */
export const createHeaders = {
  'X-Idempotency':
    'A key of your own: sent again within its time, it answers what the first call answered, and nothing is posted twice. Without it, identical bodies are one transaction for 300 seconds.',
  'X-TTL': 'For how many seconds the key is remembered; 300 unless given.',
} as const;

/** A route that makes one transaction: reads the body, posts it, answers 201 with the transaction as it was created. */
export function createTransactionRoute<Body extends TSchema>(deps: LedgerDeps, route: CreateRoute<Body>) {
  return defineRoute<TenantContext, Body>({
    method: 'POST',
    url: `${ledgerPath}/transactions/${route.name}`,
    guard: may('transactions', 'post'),
    operationId: route.operationId,
    tag: 'Transactions',
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    body: route.body,
    requestExample: route.requestExample,
    requestHeaders: createHeaders,
    success: {
      status: 201,
      description: 'Posted. Status is CREATED in this answer and APPROVED in every later one; PENDING for a hold.',
      schema: TransactionView,
      headers: {
        'X-Idempotency-Replayed': 'true when this is the remembered answer of an earlier call, else false.',
      },
      example: createdTransactionExample,
    },
    errors: [...createErrors, ...(route.kind === 'direct' ? (['invalid_pending_transaction'] as const) : [])],
    handler: async ({ context, params, body, bodyBytes, headers }) => {
      const place = { organizationId: param(params, 'organization_id'), ledgerId: param(params, 'ledger_id') };
      const input = route.expand(body);
      const posting = readPosting(route.kind, input, place);
      const claim = claimOf(headers, route.name, posting, deps.implicitIdempotency, input);
      const { kind, organizationId, ledgerId, command, notes } = posting;
      const claimed = claim ? { kind, organizationId, ledgerId, command, notes, idempotency: claim } : posting;
      return createdAnswer(await deps.poster.post(context, claimed, bodyBytes));
    },
  });
}

/** The answer of a create; a replay is the first answer again, status CREATED included. */
export function createdAnswer(posted: Posted) {
  return {
    status: 201,
    body: posted.firstAnswer ?? createdView(posted),
    headers: { 'X-Idempotency-Replayed': String(posted.replayed) },
  };
}
