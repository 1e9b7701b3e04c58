import { Type } from 'typebox';
import { defineRoute } from '../../http/route.js';
import { defaultOverlapSeconds, startRotation } from '../rotation/start-rotation.js';
import type { TenantManager } from '../tenant-manager.js';
import type { OperatorContext } from './admission.js';
import { accepted, operationSchema } from './operations.js';
import { readTenantId } from './read-tenants.js';

const body = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86_400,
        description: `Both logins work for this long after the switch; default ${defaultOverlapSeconds}. 0, for a leaked password: the old one is cut off at once, and requests that run on it may fail.`,
      }),
    ),
  },
  { additionalProperties: false },
);

export const rotateCredentialsRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext, typeof body>({
    method: 'POST',
    url: '/v1/tenants/:tenant_id/credentials/rotate',
    textParams: ['tenant_id'],
    guard: { operator: true },
    operationId: 'rotateCredentials',
    tag: 'Tenants',
    summary: 'Replace the database credentials of a tenant',
    description:
      'A second run-time login is made and probed, every process changes over to it, and the first is dropped when nobody is connected as it any more. No request fails. One at a time: 409 while another is under way.',
    body,
    requestExample: { overlapSeconds: 30 },
    success: { status: 202, description: 'The operation, `running`', schema: operationSchema },
    errors: [],
    async handler({ params, body: { overlapSeconds }, context }) {
      const operation = await startRotation(manager, readTenantId(params), {
        actor: context.actor,
        ...(overlapSeconds === undefined ? {} : { overlapSeconds }),
      });
      manager.rotator.take(operation.id);
      return accepted(operation);
    },
  });
