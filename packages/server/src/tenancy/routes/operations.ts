import { Type } from 'typebox';
import { readOneOf, readText } from '../../http/query.js';
import { type Answer, defineRoute, type RouteDefinition } from '../../http/route.js';
import { getOperation, listOperations, type Operation, operationKinds, operationStates } from '../operations.js';
import type { TenantManager } from '../tenant-manager.js';
import type { OperatorContext } from './admission.js';
import { readPage, readTenantFilter, writePage } from './paging.js';

const common = { guard: { operator: true }, tag: 'Operations', errors: [] } as const;

export const operationSchema = Type.Object({
  id: Type.String(),
  kind: Type.Unsafe<string>({ type: 'string', enum: operationKinds }),
  tenantId: Type.Optional(Type.String()),
  state: Type.Unsafe<string>({ type: 'string', enum: operationStates }),
  progress: Type.Object({ step: Type.Optional(Type.String()), done: Type.Integer(), total: Type.Integer() }),
  actor: Type.String(),
  details: Type.Object(
    {},
    {
      description:
        'Of a purge that succeeded: `report` (what was destroyed, row by table; what was kept and why; what it does not reach) and `sha256` of its canonical JSON, which the audit has too.',
    },
  ),
  error: Type.Optional(Type.String({ description: 'Of the last attempt, also while another one is to come.' })),
  notBefore: Type.Optional(Type.String({ description: 'A `waiting` one begins by itself after this.' })),
  createdAt: Type.String(),
  updatedAt: Type.String(),
  finishedAt: Type.Optional(Type.String()),
});

/** An operation as this API shows it. */
export function viewOperation(operation: Operation): Record<string, unknown> {
  const { id, kind, tenantId, state, step, done, total, actor, details, error, notBefore, finishedAt } = operation;
  return {
    id,
    kind,
    ...(tenantId === null ? {} : { tenantId }),
    state,
    progress: { ...(step === null ? {} : { step }), done, total },
    actor,
    details,
    ...(error === null ? {} : { error }),
    ...(notBefore === null ? {} : { notBefore }),
    createdAt: operation.createdAt,
    updatedAt: operation.updatedAt,
    ...(finishedAt === null ? {} : { finishedAt }),
  };
}

/** 202 and where to look on. */
export function accepted(operation: Operation): Answer {
  return { status: 202, body: viewOperation(operation), headers: { location: `/v1/operations/${operation.id}` } };
}

export const operationRoutes = (manager: TenantManager): RouteDefinition<OperatorContext>[] => [
  defineRoute<OperatorContext>({
    ...common,
    method: 'GET',
    url: '/v1/operations/:operation_id',
    textParams: ['operation_id'],
    operationId: 'getOperation',
    summary: 'Get an operation: how far it is, or how it ended',
    success: { status: 200, description: 'The operation', schema: operationSchema },
    async handler({ params }) {
      const operation = await getOperation(manager.control.pool, params['operation_id'] ?? '');
      return { status: 200, body: viewOperation(operation) };
    },
  }),
  defineRoute<OperatorContext>({
    ...common,
    method: 'GET',
    url: '/v1/operations',
    operationId: 'listOperations',
    summary: 'List operations, newest first',
    description:
      'Provisioning, adoption, rotation, move, purge and fleet migration. What a killed process left `running` is taken up by the next one.',
    query: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
      cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
      tenantId: Type.Optional(Type.String()),
      kind: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: operationKinds })),
      state: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: operationStates })),
    }),
    success: {
      status: 200,
      description: '`next_cursor` is absent on the last page',
      schema: Type.Object({
        items: Type.Array(operationSchema),
        limit: Type.Integer(),
        next_cursor: Type.Optional(Type.String()),
      }),
    },
    async handler({ query }) {
      const { limit, after: before } = readPage(query, /^[0-9a-f-]{36}$/);
      const tenantId = readTenantFilter(readText(query, 'tenantId'));
      const kind = readOneOf(query, 'kind', operationKinds);
      const state = readOneOf(query, 'state', operationStates);
      const rows = await listOperations(manager.control.pool, {
        limit: limit + 1,
        ...(before === undefined ? {} : { before }),
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(kind === undefined ? {} : { kind }),
        ...(state === undefined ? {} : { state }),
      });
      return { status: 200, body: writePage(rows, limit, viewOperation, ({ id }) => id) };
    },
  }),
];
