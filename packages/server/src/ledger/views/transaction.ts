import { Type } from 'typebox';
import {
  legOperationTypes,
  type OperationRow,
  type StoredLeg,
  type TransactionRow,
} from '../storage/transaction-rows.js';
import { trimDecimal } from './decimal.js';
import { AmountView, describedView, IdView, metadataMember, placedView } from './entity.js';
import { OperationView, operationExample, operationView, TransactionStatusView } from './operation.js';

const Aliases = Type.Array(Type.String(), { description: 'Account aliases.' });
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const members = {
  id: IdView,
  parentTransactionId: Type.Optional(IdView),
  ...placedView,
  description: Type.String(),
  chartOfAccountsGroupName: Type.String(),
  route: Type.String(),
  routeId: Type.Optional(IdView),
  status: TransactionStatusView,
  amount: AmountView,
  assetCode: Type.String(),
  feesSkipped: Type.Boolean(),
  tracerSkipped: Type.Boolean(),
  ...describedView,
};

/** Ledger-api §5.2. */
export const TransactionView = Type.Object(
  { ...members, source: Aliases, destination: Aliases, operations: Type.Array(OperationView) },
  { title: 'Transaction' },
);

/** What PATCH answers: legs and operations are null. */
export const PatchedTransactionView = Type.Object(
  {
    ...members,
    source: nullable(Aliases),
    destination: nullable(Aliases),
    operations: nullable(Type.Array(OperationView)),
  },
  { title: 'PatchedTransaction' },
);

const placeExample = {
  id: '019c96a0-0aa4-7000-8000-000000000001',
  organizationId: '019c96a0-0aa0-7000-8000-000000000001',
  ledgerId: '019c96a0-0aa1-7000-8000-000000000001',
  description: 'Rent of January',
  chartOfAccountsGroupName: '',
  route: '',
};
const restExample = {
  amount: '100.5',
  assetCode: 'USD',
  feesSkipped: false,
  tracerSkipped: false,
  createdAt: '2026-01-31T12:00:00.123Z',
  updatedAt: '2026-01-31T12:00:00.123Z',
  deletedAt: null,
  metadata: { invoice: '2026-01' },
};
const sidesExample = { source: ['@alice'], destination: ['@landlord'], operations: [operationExample] };

export const createdTransactionExample = {
  ...placeExample,
  status: { code: 'CREATED', description: 'CREATED' },
  ...restExample,
  ...sidesExample,
};
export const transactionExample = {
  ...createdTransactionExample,
  status: { code: 'APPROVED', description: 'APPROVED' },
};
export const patchedTransactionExample = { ...transactionExample, source: null, destination: null, operations: null };

export interface TransactionWithOperations {
  readonly transaction: TransactionRow;
  readonly operations: readonly OperationRow[];
}

/**
 * What a create answers. An immediate transaction is CREATED in this answer and APPROVED in every later one (§5.3);
 * a pending one names its destination although no operation stands there yet.
 */
export function createdView({ transaction, operations }: TransactionWithOperations) {
  const status = transaction.status === 'APPROVED' ? 'CREATED' : transaction.status;
  const held = transaction.pending_legs as readonly StoredLeg[] | null;
  return view(transaction, status, held === null ? sidesOf(operations) : sidesOfLegs(held), operations);
}

/** What commits and cancels answer: their own operations, and both sides of the hold whether or not they moved now. */
export function endedView(
  { transaction, operations }: TransactionWithOperations,
  held: readonly StoredLeg[] | undefined,
) {
  return view(
    transaction,
    transaction.status,
    held === undefined ? sidesOf(operations) : sidesOfLegs(held),
    operations,
  );
}

/**
 * What reads and reverts answer. `page`: the operations to show, when not all of them; who sent and
 * who received is always said by all.
 */
export function transactionView(
  { transaction, operations }: TransactionWithOperations,
  page: readonly OperationRow[] = operations,
) {
  return view(transaction, transaction.status, sidesOf(operations), page);
}

export function patchedTransactionView(transaction: TransactionRow) {
  return view(transaction, transaction.status, { source: null, destination: null }, null);
}

interface Sides {
  readonly source: string[] | null;
  readonly destination: string[] | null;
}

/** One literal and no spreads, as `operationView`. */
function view(row: TransactionRow, status: string, sides: Sides, operations: readonly OperationRow[] | null) {
  return {
    id: row.id,
    parentTransactionId: row.parent_transaction_id ?? undefined,
    organizationId: row.organization_id,
    ledgerId: row.ledger_id,
    description: row.description,
    chartOfAccountsGroupName: row.chart_of_accounts_group_name,
    route: row.route,
    routeId: row.route_id ?? undefined,
    status: { code: status, description: status },
    amount: trimDecimal(row.amount),
    assetCode: row.asset_code,
    feesSkipped: row.fees_skipped,
    tracerSkipped: row.tracer_skipped,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
    metadata: metadataMember(row.metadata),
    source: sides.source,
    destination: sides.destination,
    operations: operations === null ? null : operations.map(operationView),
  };
}

/** Aliases as the operations name them: debits send, credits receive, blocks by their direction (§5.2). */
function sidesOf(operations: readonly OperationRow[]): Sides {
  const source = new Set<string>();
  const destination = new Set<string>();
  for (const { type, direction, account_alias: alias } of operations)
    if (legOperationTypes.has(type)) (direction === 'debit' ? source : destination).add(alias);
  return { source: [...source], destination: [...destination] };
}

function sidesOfLegs(legs: readonly StoredLeg[]): Sides {
  const source = new Set<string>();
  const destination = new Set<string>();
  for (const { side, accountAlias } of legs) (side === 'source' ? source : destination).add(accountAlias);
  return { source: [...source], destination: [...destination] };
}
