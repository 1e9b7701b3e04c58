import { Type } from 'typebox';
import type { TransactionRouteWithMembers } from '../storage/transaction-routes.js';
import { describedMembers, describedView, IdView, placedMembers, placedView } from './entity.js';
import { exampleLife, examplePlace } from './examples.js';
import { OperationRouteView, operationRouteExample, operationRouteView } from './operation-route.js';

/** Ledger-api §7.2: with its operation routes in full. */
export const TransactionRouteView = Type.Object(
  {
    id: IdView,
    ...placedView,
    title: Type.String(),
    description: Type.Optional(Type.String()),
    operationRoutes: Type.Array(OperationRouteView),
    ...describedView,
  },
  { title: 'TransactionRoute' },
);

export function transactionRouteView({ route, members }: TransactionRouteWithMembers) {
  return {
    id: route.id,
    ...placedMembers(route),
    title: route.title,
    ...(route.description === null ? {} : { description: route.description }),
    operationRoutes: members.map(operationRouteView),
    ...describedMembers(route),
  };
}

export const transactionRouteExample = {
  id: '019c96a0-0a0a-7000-8000-00000000000a',
  ...examplePlace,
  title: 'Deposit',
  description: 'Cash into a customer account.',
  operationRoutes: [operationRouteExample],
  ...exampleLife,
};
