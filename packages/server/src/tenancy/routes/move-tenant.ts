import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { decideMove, startMove } from '../move/start-move.js';
import type { TenantManager } from '../tenant-manager.js';
import type { OperatorContext } from './admission.js';
import { accepted, operationSchema } from './operations.js';
import { readLabels } from './read-labels.js';
import { readTenantId } from './read-tenants.js';
import { labelsSchema } from './schemas.js';

const body = Type.Object(
  {
    isolation: Type.Optional(
      Type.Unsafe<'database' | 'schema'>({
        type: 'string',
        enum: ['database', 'schema'],
        description: 'Default: as it is.',
      }),
    ),
    server: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        description: 'Without it and without labels the tenant stays on its server.',
      }),
    ),
    labels: Type.Optional(labelsSchema),
    allowPause: Type.Optional(
      Type.Boolean({
        description:
          'Where logical replication is not to be had (`wal_level`, rights), copy the books while writes pause, for as long as that takes (`details.estimate` tells beforehand how long, `details.pauseMs` afterwards). Default: refuse with 422.',
      }),
    ),
  },
  { additionalProperties: false },
);

const common = { textParams: ['tenant_id'], guard: { operator: true }, tag: 'Tenants', errors: [] } as const;
const success = { status: 202, description: 'The operation', schema: operationSchema } as const;

export const moveRoutes = (manager: TenantManager): RouteDefinition<OperatorContext>[] => [
  defineRoute<OperatorContext, typeof body>({
    ...common,
    method: 'POST',
    url: '/v1/tenants/:tenant_id/move',
    operationId: 'moveTenant',
    summary: 'Move a tenant to another server or isolation mode while it is written to',
    description:
      'PostgreSQL’s logical replication copies the books and follows them; then writes pause for at most 2 s, both places are compared and the new one serves. The old place keeps up until the move is confirmed or reverted (`details.phase` is `await`). 409 while another move is unfinished, 422 when a server lacks what it takes, with an `estimate` of the pause that `allowPause` would allow. The 2 s are promised for logical replication only.',
    body,
    requestExample: { isolation: 'database', server: 'south' },
    success,
    async handler({ params, body: { isolation, server, labels, allowPause }, context }) {
      const operation = await startMove(manager, readTenantId(params), {
        actor: context.actor,
        wish: {
          ...(isolation === undefined ? {} : { isolation }),
          ...(server === undefined ? {} : { server }),
          ...(labels === undefined ? {} : { labels: readLabels(labels) }),
          ...(allowPause === undefined ? {} : { allowPause }),
        },
      });
      manager.mover.take(operation.id);
      return accepted(operation);
    },
  }),
  decisionRoute(manager, 'confirm', {
    summary: 'Confirm a move: the old place is left for good',
    description:
      'Tables, logins and all that replicated are removed at the old place. There is no way back after that.',
  }),
  decisionRoute(manager, 'revert', {
    summary: 'Take a move back',
    description:
      'After the switch: the old place, which has kept up, serves again after the same pause and comparison; before it: the copy is given up. The new place is removed.',
  }),
];

function decisionRoute(
  manager: TenantManager,
  decision: 'confirm' | 'revert',
  texts: { readonly summary: string; readonly description: string },
): RouteDefinition<OperatorContext> {
  return defineRoute<OperatorContext>({
    ...common,
    ...texts,
    method: 'POST',
    url: `/v1/tenants/:tenant_id/move/${decision}`,
    operationId: `${decision}Move`,
    success,
    async handler({ params, context }) {
      const operation = await decideMove(manager, readTenantId(params), { actor: context.actor, decision });
      manager.mover.take(operation.id);
      return accepted(operation);
    },
  });
}
