import { Type } from 'typebox';
import type { OperationRow } from '../storage/transaction-rows.js';
import { trimDecimal } from './decimal.js';
import { AmountView, IdView, lifeView, MetadataView, placedView } from './entity.js';

const StandingView = Type.Object(
  { available: AmountView, onHold: AmountView, version: Type.Integer(), overdraftUsed: AmountView },
  { title: 'OperationBalance', description: 'The balance just before or just after the operation.' },
);

export const transactionStatuses = ['CREATED', 'APPROVED', 'PENDING', 'CANCELED', 'NOTED'] as const;

/** Of a transaction and of its operations (ledger-api §5.3). */
export const TransactionStatusView = Type.Object(
  { code: Type.String({ enum: [...transactionStatuses] }), description: Type.String() },
  { title: 'TransactionStatus' },
);

/** One debit or credit line (ledger-api §6). */
export const OperationView = Type.Object(
  {
    id: IdView,
    transactionId: IdView,
    ...placedView,
    accountId: IdView,
    accountAlias: Type.String(),
    balanceId: IdView,
    balanceKey: Type.String(),
    type: Type.String({ enum: ['DEBIT', 'CREDIT', 'ON_HOLD', 'RELEASE', 'BLOCK', 'UNBLOCK', 'OVERDRAFT'] }),
    direction: Type.String({ enum: ['debit', 'credit'] }),
    assetCode: Type.String(),
    amount: Type.Object({ value: AmountView }),
    balance: StandingView,
    balanceAfter: StandingView,
    balanceAffected: Type.Boolean({ description: 'False for annotations, which move nothing.' }),
    status: TransactionStatusView,
    description: Type.String(),
    chartOfAccounts: Type.String(),
    route: Type.String(),
    routeId: Type.Optional(IdView),
    routeCode: Type.Optional(Type.String()),
    routeDescription: Type.Optional(Type.String()),
    ...lifeView,
    metadata: Type.Union([MetadataView, Type.Null()]),
  },
  { title: 'Operation' },
);

export const operationExample = {
  id: '019c96a0-0aa5-7000-8000-000000000001',
  transactionId: '019c96a0-0aa4-7000-8000-000000000001',
  organizationId: '019c96a0-0aa0-7000-8000-000000000001',
  ledgerId: '019c96a0-0aa1-7000-8000-000000000001',
  accountId: '019c96a0-0aa2-7000-8000-000000000001',
  accountAlias: '@alice',
  balanceId: '019c96a0-0aa3-7000-8000-000000000001',
  balanceKey: 'default',
  type: 'DEBIT',
  direction: 'debit',
  assetCode: 'USD',
  amount: { value: '100.5' },
  balance: { available: '250', onHold: '0', version: 3, overdraftUsed: '0' },
  balanceAfter: { available: '149.5', onHold: '0', version: 4, overdraftUsed: '0' },
  balanceAffected: true,
  status: { code: 'APPROVED', description: 'APPROVED' },
  description: 'Rent of January',
  chartOfAccounts: '',
  route: '',
  createdAt: '2026-01-31T12:00:00.123Z',
  updatedAt: '2026-01-31T12:00:00.123Z',
  deletedAt: null,
  metadata: null,
};

/** One literal and no spreads: a member that is left out is undefined (three quarters of this view's time were spreads). */
export function operationView(row: OperationRow) {
  return {
    id: row.id,
    transactionId: row.transaction_id,
    organizationId: row.organization_id,
    ledgerId: row.ledger_id,
    accountId: row.account_id,
    accountAlias: row.account_alias,
    balanceId: row.balance_id,
    balanceKey: row.balance_key,
    type: row.type,
    direction: row.direction,
    assetCode: row.asset_code,
    amount: { value: trimDecimal(row.amount) },
    balance: {
      available: trimDecimal(row.available_before),
      onHold: trimDecimal(row.on_hold_before),
      version: row.version_before,
      overdraftUsed: trimDecimal(row.overdraft_used_before),
    },
    balanceAfter: {
      available: trimDecimal(row.available_after),
      onHold: trimDecimal(row.on_hold_after),
      version: row.version_after,
      overdraftUsed: trimDecimal(row.overdraft_used_after),
    },
    balanceAffected: row.balance_affected,
    status: { code: row.status, description: row.status },
    description: row.description,
    chartOfAccounts: row.chart_of_accounts,
    route: row.route,
    routeId: row.route_id ?? undefined,
    routeCode: row.route_code ?? undefined,
    routeDescription: row.route_description ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
    metadata: row.metadata,
  };
}
