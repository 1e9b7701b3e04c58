import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../../http/route.js';
import { OneOf, Text } from '../../../http/schemas.js';
import { type AccessContext, callerOf } from '../../access-context.js';
import { AccessError } from '../../access-errors.js';
import { getUserAccount, userNotFound } from '../../directory/user-accounts.js';
import { findUserById, lockPassword } from '../../directory/users.js';
import { withDirectory } from '../../directory/with-directory.js';
import type { Identity } from '../../identity/identity-context.js';
import { deliverCode } from '../../login/send-code.js';
import { sourceOf } from '../../login/source-of.js';
import type { MfaState } from '../../mfa/mfa-settings.js';
import { decide } from '../../permissions/decide.js';
import { noStore } from './lists.js';

const mfaType = OneOf(['app', 'email', 'sms']);
const ignored = { secret: Type.Optional(Text(256, { description: 'not looked at: the server keeps it' })) };
const common = {
  tag: 'MFA',
  errors: [],
  bodyLimit: 16 * 1024,
  guard: { authenticated: 'about the caller; an administrator may read the state and switch it off' },
} as const;
const passcodeSeconds = 600;

/** How a person sets a second factor up (access-manager §3, "MFA settings"). */
export function mfaSettingsRoutes(identity: Identity): RouteDefinition<AccessContext>[] {
  return [getMfa(identity), setUpMfa(identity), ...confirmMfa(identity), preferMfa(identity), disableMfa(identity)];
}

function getMfa({ store, mfa }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'GET',
    url: '/v1/users/:id/mfa',
    operationId: 'getMfa',
    summary: 'Which second factors a user has',
    success: {
      status: 200,
      description: 'What is switched on',
      schema: Type.Object({
        enabled: Type.Boolean(),
        preferredType: Type.Union([mfaType, Type.Null()]),
        methods: Type.Array(mfaType),
        totpEnabled: Type.Boolean(),
        emailEnabled: Type.Boolean(),
        smsEnabled: Type.Boolean(),
      }),
    },
    async handler({ params, context }) {
      const id = refuseStrangers(context, params['id'] as string, 'get');
      const state = await withDirectory(store, callerOf(context).tenantId, async (tx) => {
        await getUserAccount(tx, id);
        return mfa.state(tx, id);
      });
      return { status: 200, body: viewOf(state), headers: noStore };
    },
  });
}

function setUpMfa({ store, change, mfa, sendCode, mfaIssuer }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'POST',
    url: '/v1/users/:id/mfa/setup',
    operationId: 'setUpMfa',
    summary: 'Begin with a second factor',
    description:
      'For `app` the answer holds the secret and its URL for a QR code, for the others a code is sent. The recovery codes are shown this once, with the first factor. Then `verify`, then `enable`.',
    body: Type.Object(
      {
        mfaType,
        destination: Type.Optional(
          Text(32, {
            pattern: '^\\+[1-9]\\d{6,14}$',
            'x-message': 'must be a telephone number such as +5511999999999',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    requestExample: { mfaType: 'app' },
    success: {
      status: 200,
      description: 'Begun',
      schema: Type.Object({
        secret: Type.Union([Type.String(), Type.Null()]),
        url: Type.Union([Type.String(), Type.Null()]),
        recoveryCodes: Type.Array(Type.String()),
        mfaType,
        enabled: Type.Boolean(),
      }),
    },
    async handler({ params, body, context }) {
      const id = refuseOthers(context, params['id'] as string);
      const { mfaType: kind, destination } = body;
      if ((kind === 'sms') !== (destination !== undefined))
        throw new AccessError('bad_request', {
          message: 'destination is the telephone number for mfaType sms, and for nothing else.',
        });
      const { setup, account } = await change(context, async (tx) => {
        const user = await getUserAccount(tx, id);
        const names = { issuer: mfaIssuer, account: user.username, ...(destination !== undefined && { destination }) };
        const begun = await mfa.setUp(tx, id, kind, names);
        if (begun === undefined)
          throw new AccessError('mfa_state', { message: 'This second factor is on already: switch it off first.' });
        return {
          answer: { setup: begun, account: user },
          event: { kind: 'mfa', reason: `${kind}_begun`, target: id },
        };
      });
      if (setup.passcode !== undefined && kind !== 'app') {
        const { tenantId } = callerOf(context);
        const to = kind === 'email' ? account.email : (destination as string);
        const message = { tenantId, userId: id, kind, destination: to, code: setup.passcode };
        await deliverCode(store, sendCode, { ...message, expiresInSeconds: passcodeSeconds });
      }
      const { secret = null, url = null, recoveryCodes } = setup;
      return { status: 200, body: { secret, url, recoveryCodes, mfaType: kind, enabled: false }, headers: noStore };
    },
  });
}

function confirmMfa({ change, mfa }: Identity): RouteDefinition<AccessContext>[] {
  return [
    defineRoute({
      ...common,
      method: 'POST',
      url: '/v1/users/:id/mfa/verify',
      operationId: 'verifyMfaSetup',
      summary: 'Prove with a first code that the app or the address works',
      description: 'Five wrong codes end the attempt: begin again with `setup`.',
      body: Type.Object(
        {
          passcode: Text(8, { pattern: '^\\d{6,8}$', 'x-message': 'must have six digits' }),
          mfaType,
          countryCode: Type.Optional(Text(8, { description: 'not looked at' })),
          ...ignored,
        },
        { additionalProperties: false },
      ),
      requestExample: { passcode: '123456', mfaType: 'app' },
      success: { status: 200, description: 'Whether it was right', schema: Type.Object({ verified: Type.Boolean() }) },
      async handler({ params, body, context }) {
        const id = refuseOthers(context, params['id'] as string);
        const verified = await change(context, async (tx) => {
          const right = await mfa.verify(tx, id, body.mfaType, body.passcode);
          const outcome = right
            ? { reason: `${body.mfaType}_verified` }
            : { reason: `${body.mfaType}_code_wrong`, result: 'failed' as const };
          return { answer: right, event: { kind: 'mfa', target: id, ...outcome } };
        });
        return { status: 200, body: { verified }, headers: noStore };
      },
    }),
    defineRoute({
      ...common,
      method: 'POST',
      url: '/v1/users/:id/mfa/enable',
      operationId: 'enableMfa',
      summary: 'Switch a proven second factor on',
      description: 'A recovery code proves that they were kept; it stays good.',
      body: Type.Object({ recoveryCode: Text(64), mfaType, ...ignored }, { additionalProperties: false }),
      requestExample: { recoveryCode: '…', mfaType: 'app' },
      success: { status: 200, description: 'On', schema: Type.Object({ enabled: Type.Boolean() }) },
      async handler({ params, body, context }) {
        const id = refuseOthers(context, params['id'] as string);
        const enabled = await change(context, async (tx) => {
          const done = await mfa.enable(tx, id, body.mfaType, body.recoveryCode);
          const outcome = done
            ? { reason: `${body.mfaType}_enabled` }
            : { reason: `${body.mfaType}_not_enabled`, result: 'failed' as const };
          return { answer: done, event: { kind: 'mfa', target: id, ...outcome } };
        });
        if (!enabled)
          throw new AccessError('mfa_state', {
            message: 'The second factor is not proven yet (verify), or the recovery code is not right.',
          });
        return { status: 200, body: { enabled: true }, headers: noStore };
      },
    }),
  ];
}

function preferMfa({ change, mfa }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'PATCH',
    url: '/v1/users/:id/mfa/preferred',
    operationId: 'preferMfa',
    summary: 'Which second factor a login offers first',
    body: Type.Object({ mfaType, ...ignored }, { additionalProperties: false }),
    requestExample: { mfaType: 'app' },
    success: { status: 200, description: 'Set', schema: Type.Object({ preferredType: mfaType }) },
    async handler({ params, body, context }) {
      const id = refuseOthers(context, params['id'] as string);
      await change(context, async (tx) => {
        if (!(await mfa.prefer(tx, id, body.mfaType)))
          throw new AccessError('mfa_state', { message: 'This second factor is not switched on.' });
        return { answer: undefined, event: { kind: 'mfa', reason: `${body.mfaType}_preferred`, target: id } };
      });
      return { status: 200, body: { preferredType: body.mfaType }, headers: noStore };
    },
  });
}

function disableMfa({ store, change, mfa, passwords, limiter, audit }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'POST',
    url: '/v1/users/:id/mfa/disable',
    operationId: 'disableMfa',
    summary: 'Switch one second factor off, or all',
    description:
      'Persons show their `password`: a stolen token is not enough. Administrators switch it off for somebody else who has lost it.',
    body: Type.Object(
      { mfaType: Type.Optional(mfaType), password: Type.Optional(Text(1_024)) },
      { additionalProperties: false },
    ),
    requestExample: { password: '…' },
    success: { status: 200, description: 'Off', schema: Type.Object({ enabled: Type.Boolean() }) },
    async handler({ params, body, context }) {
      const id = refuseStrangers(context, params['id'] as string, 'patch');
      const { tenantId, principal } = callerOf(context);
      const user = await withDirectory(store, tenantId, (tx) => findUserById(tx, id));
      if (user === undefined) throw userNotFound();
      const isOwn = principal.subject === id;
      if (isOwn) {
        const limitKey = `${tenantId}/${id}|${sourceOf(context.address)}`;
        limiter.check(limitKey);
        if (!(await passwords.matches(user.passwordHash, body.password ?? '', () => limiter.check(limitKey)))) {
          limiter.countFailure(limitKey);
          const event = { kind: 'mfa', result: 'failed', reason: 'wrong_password' } as const;
          audit.recordLater(tenantId, { ...event, actor: id, target: id, address: context.address });
          throw passwordWrong();
        }
      }
      const state = await change(context, async (tx) => {
        // Somebody may have replaced the password since it was verified: the old one switches nothing off.
        if (isOwn && !(await lockPassword(tx, user))) throw passwordWrong();
        await mfa.disable(tx, id, body.mfaType);
        return {
          answer: await mfa.state(tx, id),
          event: { kind: 'mfa', reason: `${body.mfaType ?? 'all'}_disabled`, target: id },
        };
      });
      return { status: 200, body: { enabled: state.enabled }, headers: noStore };
    },
  });
}

function passwordWrong(): AccessError {
  return new AccessError('old_password_wrong', { message: 'The password is missing or not right.' });
}

/** Secrets are for the person alone: no administrator sets a second factor up for somebody else. */
function refuseOthers(context: AccessContext, id: string): string {
  const { principal } = callerOf(context);
  if (principal.kind === 'person' && principal.subject === id) return id;
  throw new AccessError('forbidden', { message: 'People set their second factor up themselves.' });
}

function refuseStrangers(context: AccessContext, id: string, action: 'get' | 'patch'): string {
  const { principal, roles } = callerOf(context);
  const isOwn = principal.kind === 'person' && principal.subject === id;
  if (isOwn || decide(roles, { product: 'identity', resource: 'users', action })) return id;
  throw new AccessError('forbidden', { message: 'This is for the person or an administrator.' });
}

function viewOf({ enabled, preferredType, methods }: MfaState) {
  return {
    enabled,
    preferredType: preferredType ?? null,
    methods,
    totpEnabled: methods.includes('app'),
    emailEnabled: methods.includes('email'),
    smsEnabled: methods.includes('sms'),
  };
}
