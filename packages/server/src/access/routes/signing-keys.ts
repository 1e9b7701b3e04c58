import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import type { AccessContext } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import { type KeyRing, rotationLeadSeconds } from '../keys/key-ring.js';
import type { KeyInfo } from '../keys/key-store.js';
import type { AuditTrail } from '../login/audit-trail.js';
import { systemTenantId } from '../reserved-tenants.js';

const keySchema = Type.Object({
  kid: Type.String(),
  algorithm: Type.String(),
  state: Type.String({ description: 'upcoming (published, signs later), active, retiring (verified still), retired' }),
  createdAt: Type.String({ format: 'date-time' }),
  activateAt: Type.Optional(Type.String({ format: 'date-time' })),
  publishUntil: Type.Optional(Type.String({ format: 'date-time' })),
});

const common = { guard: { operator: true }, tag: 'Services', errors: [] } as const;
const noStore = { 'cache-control': 'no-store' };

/** `cofferdam keys list`. Never a private half. */
export function listSigningKeysRoute(keys: KeyRing, now: () => Date): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'GET',
    url: '/v1/signing-keys',
    operationId: 'listSigningKeys',
    summary: 'The keys that tokens are or were signed with',
    success: { status: 200, description: 'The newest first', schema: Type.Object({ items: Type.Array(keySchema) }) },
    async handler() {
      const items = (await keys.list()).map((key) => viewOf(key, now()));
      return { status: 200, body: { items }, headers: noStore };
    },
  });
}

/** `cofferdam keys rotate`. */
export function rotateSigningKeyRoute(
  keys: KeyRing,
  audit: AuditTrail,
  now: () => Date,
): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'POST',
    url: '/v1/signing-keys',
    operationId: 'rotateSigningKey',
    summary: 'Make a new signing key',
    description:
      'It is published at once and signs after `leadSeconds`, when every process and verifier knows it; the old one stays published until the last token it signed has expired. `withdrawOld` is for a key that has leaked: it is published no more, and its tokens are refused as soon as verifiers read the keys again (here 2 minutes, elsewhere 10).',
    body: Type.Object(
      {
        leadSeconds: Type.Optional(
          Type.Integer({ minimum: 0, maximum: 86_400, description: `default ${rotationLeadSeconds}` }),
        ),
        withdrawOld: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    requestExample: { leadSeconds: rotationLeadSeconds },
    success: { status: 201, description: 'The new key', schema: keySchema },
    async handler({ body, context }) {
      const { withdrawOld = false } = body;
      const leadSeconds = withdrawOld ? 0 : (body.leadSeconds ?? rotationLeadSeconds);
      if (withdrawOld && body.leadSeconds)
        throw new AccessError('bad_request', { message: 'withdrawOld takes effect at once: leave leadSeconds out.' });
      const kid = await keys.rotate({ leadSeconds, withdrawOld });
      if (kid === undefined)
        throw new AccessError('rotation_under_way', {
          message: 'A key is waiting for its time already; see GET /v1/signing-keys.',
        });
      const reason = withdrawOld ? 'rotated_and_withdrawn' : 'rotated';
      await audit.record(systemTenantId, { kind: 'key', result: 'ok', reason, actor: kid, address: context.address });
      const made = (await keys.list()).find((key) => key.kid === kid);
      if (made === undefined) throw new Error('the key just made is gone');
      return { status: 201, body: viewOf(made, now()), headers: noStore };
    },
  });
}

function viewOf({ kid, algorithm, state, createdAt, activateAt, publishUntil }: KeyInfo, now: Date) {
  const gone = publishUntil !== undefined && publishUntil <= now;
  return {
    kid,
    algorithm,
    state: gone ? 'retired' : state,
    createdAt: createdAt.toISOString(),
    ...(activateAt !== undefined && { activateAt: activateAt.toISOString() }),
    ...(publishUntil !== undefined && { publishUntil: publishUntil.toISOString() }),
  };
}
