import { LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import { Metadata, MetadataPatch, Nullable, Text, Uuid } from '../../../http/schemas.js';

const optional = Type.Optional;
const strict = { additionalProperties: false } as const;
const membersMax = 100;

const OperationRoutes = Type.Array(Uuid(), { description: `Ids of operation routes, at most ${membersMax}.` });

export const NewTransactionRouteBody = Type.Object(
  {
    title: Text(255),
    description: optional(Nullable(Text(250))),
    operationRoutes: OperationRoutes,
    metadata: optional(Metadata()),
  },
  strict,
);

export const TransactionRoutePatchBody = Type.Object(
  {
    title: optional(Nullable(Text(255))),
    description: optional(Nullable(Text(250))),
    operationRoutes: optional(OperationRoutes),
    metadata: optional(MetadataPatch()),
  },
  strict,
);

/** Each once, in the order sent. Throws 0104 for fewer than `min`, 0158 for too many. */
export function readMembers(ids: readonly string[], min: 1 | 2): readonly string[] {
  const distinct = [...new Set(ids)];
  if (distinct.length < min)
    throw new LedgerError('missing_operation_routes_in_request', {
      entityType: 'TransactionRoute',
      detail: `operationRoutes must name at least ${min === 1 ? 'one operation route' : 'two different operation routes'}.`,
    });
  if (distinct.length > membersMax)
    throw new LedgerError('too_many_operation_routes', {
      entityType: 'TransactionRoute',
      detail: `operationRoutes may name at most ${membersMax} operation routes, not ${distinct.length}.`,
    });
  return distinct;
}
