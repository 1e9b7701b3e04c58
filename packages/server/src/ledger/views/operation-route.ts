import { type AccountingEntries, operationRouteTypes, scenarios } from '@cofferdam/core';
import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import { describedMembers, describedView, IdView, placedMembers, placedView } from './entity.js';
import { exampleLife, examplePlace } from './examples.js';

const RubricView = Type.Object({ code: Type.String(), description: Type.String() }, { title: 'Rubric' });
const EntryView = Type.Object(
  { debit: Type.Optional(RubricView), credit: Type.Optional(RubricView) },
  { title: 'AccountingEntry' },
);

/** Ledger-api §7.1. Members without a value are left out. */
export const OperationRouteView = Type.Object(
  {
    id: IdView,
    ...placedView,
    title: Type.String(),
    description: Type.Optional(Type.String()),
    code: Type.Optional(Type.String()),
    operationType: Type.String({ enum: [...operationRouteTypes] }),
    account: Type.Optional(
      Type.Object({
        ruleType: Type.String({ enum: ['alias', 'account_type'] }),
        validIf: Type.Union([Type.String(), Type.Array(Type.String())]),
      }),
    ),
    accountingEntries: Type.Optional(
      Type.Object(Object.fromEntries(scenarios.map((scenario) => [scenario, Type.Optional(EntryView)]))),
    ),
    ...describedView,
  },
  { title: 'OperationRoute' },
);

export function operationRouteView(row: EntityRow<'operation_route'>) {
  return {
    id: row.id,
    ...placedMembers(row),
    title: row.title,
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.code === null ? {} : { code: row.code }),
    operationType: row.operation_type,
    ...(row.account === null ? {} : { account: row.account }),
    ...(row.accounting_entries === null ? {} : { accountingEntries: inOrder(row.accounting_entries) }),
    ...describedMembers(row),
  };
}

/** In the order of the contract; jsonb keeps an order of its own. */
function inOrder(entries: AccountingEntries): AccountingEntries {
  return Object.fromEntries(scenarios.flatMap((name) => (entries[name] ? [[name, entries[name]]] : [])));
}

export const operationRouteExample = {
  id: '019c96a0-0a09-7000-8000-000000000009',
  ...examplePlace,
  title: 'Cash in',
  description: 'Where money comes from.',
  operationType: 'source',
  account: { ruleType: 'account_type', validIf: ['deposit'] },
  accountingEntries: { direct: { debit: { code: '1001', description: 'Cash' } } },
  ...exampleLife,
};
