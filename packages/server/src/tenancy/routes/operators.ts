import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { OneOf, Text } from '../../http/schemas.js';
import { addOperator, listOperators, type Operator, operatorRoles, revokeOperator } from '../operator-keys.js';
import type { TenantManager } from '../tenant-manager.js';
import type { OperatorContext } from './admission.js';

const common = { tag: 'Operators', errors: [] } as const;
const members = {
  id: Type.String(),
  name: Type.String(),
  role: Type.String(),
  createdAt: Type.String(),
  createdBy: Type.String(),
  revokedAt: Type.Optional(Type.String()),
  revokedBy: Type.Optional(Type.String()),
};
const operatorSchema = Type.Object(members);
const newOperator = Type.Object(
  {
    name: Text(63, {
      pattern: '^[a-z][a-z0-9._-]*$',
      'x-message': 'must begin with a lower-case letter and hold these, digits, dots, dashes and underscores',
    }),
    role: OneOf([...operatorRoles], {
      description:
        '`read-only` sees all but credentials and changes nothing; `operate` does all but add and revoke operators.',
    }),
  },
  { additionalProperties: false },
);

function viewOperator({ revokedAt, revokedBy, ...operator }: Operator): Record<string, unknown> {
  return { ...operator, ...(revokedAt === null ? {} : { revokedAt, revokedBy }) };
}

/** Named operators. Added and revoked with the installation's key only: a stolen key of an operator makes no other. */
export const operatorRoutes = (manager: TenantManager): RouteDefinition<OperatorContext>[] => [
  defineRoute<OperatorContext, typeof newOperator>({
    ...common,
    method: 'POST',
    url: '/v1/operators',
    guard: { operator: 'bootstrap' },
    operationId: 'addOperator',
    summary: 'Add a named operator; the key is shown this once',
    body: newOperator,
    requestExample: { name: 'alice', role: 'operate' },
    success: {
      status: 201,
      description: 'The operator, with its key',
      schema: Type.Object({ ...members, apiKey: Type.String({ description: 'Sent in X-API-Key.' }) }),
    },
    async handler({ body, context }) {
      const { operator, key } = await addOperator(manager, body, context.actor);
      return {
        status: 201,
        body: { ...viewOperator(operator), apiKey: key },
        headers: { 'cache-control': 'no-store' },
      };
    },
  }),
  defineRoute<OperatorContext>({
    ...common,
    method: 'GET',
    url: '/v1/operators',
    guard: { operator: true },
    operationId: 'listOperators',
    summary: 'List operators, revoked ones last; no keys',
    success: { status: 200, description: 'Operators', schema: Type.Object({ items: Type.Array(operatorSchema) }) },
    handler: async () => ({ status: 200, body: { items: (await listOperators(manager.control)).map(viewOperator) } }),
  }),
  defineRoute<OperatorContext>({
    ...common,
    method: 'DELETE',
    url: '/v1/operators/:name',
    textParams: ['name'],
    guard: { operator: 'bootstrap' },
    operationId: 'revokeOperator',
    summary: 'Revoke the key of an operator',
    description: 'Its next request is refused by every process. The name can be added again, with a new key.',
    success: { status: 200, description: 'The operator, revoked', schema: operatorSchema },
    handler: async ({ params, context }) => ({
      status: 200,
      body: viewOperator(await revokeOperator(manager, params['name'] ?? '', context.actor)),
    }),
  }),
];
