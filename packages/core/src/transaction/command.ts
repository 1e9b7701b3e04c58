import type { OperationType } from '../balance/movement.js';
import { LedgerError } from '../errors.js';
import { type Decimal, sign } from '../money/decimal.js';
import type { TransactionRoute } from '../route/accounting-route.js';
import type { Leg } from './leg.js';

/** What a create asks for. `block` and `unblock` are direct transfers whose rows carry another type. */
export type CreateKind = 'direct' | 'hold' | 'annotation' | 'block' | 'unblock';

/** A new transaction as the client ordered it: normalised, nothing resolved yet. */
export interface CreateCommand {
  readonly kind: CreateKind;
  readonly assetCode: string;
  readonly value: Decimal;
  readonly source: readonly Leg[];
  readonly destination: readonly Leg[];
  /** Set for backdating only; RFC 3339 in UTC. */
  readonly transactionDate?: string;
  /** What the client asks to leave out; each needs the ledger's leave (`LedgerRules`). */
  readonly skip?: { readonly fees: boolean; readonly tracer: boolean };
  /** The transaction route, or the older free text that may hold its id. */
  readonly routeId?: string | undefined;
  readonly route?: string;
  /** It undoes an earlier transaction: its routes need the scenario `revert`. */
  readonly reversal?: true;
}

/** The settings of a ledger that bear on its transactions (ledger-api §4.3). */
export interface LedgerRules {
  readonly validateRoutes: boolean;
  readonly allowFeeSkip: boolean;
  readonly allowTracerSkip: boolean;
  /** Every posting has to pass the external limit guard, and none may when that cannot be asked (`enforce`, `closed`). */
  readonly guardRequired: boolean;
  /** A live transaction route of this ledger; asked only when routes are validated. */
  readonly findRoute: (id: string) => TransactionRoute | undefined;
}

export const defaultLedgerRules: LedgerRules = Object.freeze({
  validateRoutes: false,
  allowFeeSkip: false,
  allowTracerSkip: false,
  guardRequired: false,
  findRoute: () => undefined,
});

/** The type that rows of this kind carry instead of DEBIT and CREDIT. */
export function operationTypeOf(kind: CreateKind, type: OperationType): OperationType {
  if (kind === 'block') return 'BLOCK';
  if (kind === 'unblock') return 'UNBLOCK';
  return type;
}

/**
 * Steps 1–3 of ledger-api §5.4, which need neither balances nor an idempotency key. `now` is the moment of the request.
 * Throws `invalid_future_date`, `invalid_field_for_pending_transaction`, `invalid_transaction_value`.
 */
export function checkCommand(command: CreateCommand, now: Date): void {
  if (command.transactionDate !== undefined && Date.parse(command.transactionDate) > now.getTime())
    throw new LedgerError('invalid_future_date', {
      entityType: 'Transaction',
      detail: `transactionDate ${command.transactionDate} is in the future. Send a past date, or leave it out for now.`,
    });
  if (command.kind === 'hold' && command.transactionDate !== undefined)
    throw new LedgerError('invalid_field_for_pending_transaction', {
      entityType: 'Transaction',
      detail: 'A pending transaction takes no transactionDate. Leave out transactionDate or pending.',
    });
  if (sign(command.value) <= 0)
    throw new LedgerError('invalid_transaction_value', {
      entityType: 'Transaction',
      detail: 'send.value must be greater than zero.',
    });
}

/** Step 6: throws `skip_not_permitted`. */
export function checkSkip({ skip }: CreateCommand, rules: LedgerRules): void {
  const refused =
    skip?.fees === true && !rules.allowFeeSkip
      ? (['skip.fees', 'overrides.allowFeeSkip'] as const)
      : skip?.tracer === true && !rules.allowTracerSkip
        ? (['skip.tracer', 'overrides.allowTracerSkip'] as const)
        : undefined;
  if (refused !== undefined)
    throw new LedgerError('skip_not_permitted', {
      entityType: 'Transaction',
      detail: `${refused[0]} is not allowed in this ledger. Leave it out, or turn on ${refused[1]} in the ledger's settings.`,
    });
}

/**
 * Step 13: a ledger that wants its limits guarded, and refuses when the guard cannot be reached. No guard can be connected
 * yet, so it never is. An annotation moves nothing that would need one. Throws `transaction_reservation_unavailable`.
 */
export function refuseUnguarded({ kind, skip }: CreateCommand, { guardRequired }: LedgerRules): void {
  if (!guardRequired || kind === 'annotation' || skip?.tracer === true) return;
  throw new LedgerError('transaction_reservation_unavailable', {
    entityType: 'Transaction',
    detail:
      'This ledger posts only what its limit guard allows (tracer.mode enforce, tracer.failPosture closed), and the guard cannot be reached.',
    retryAfterSeconds: 60,
  });
}
