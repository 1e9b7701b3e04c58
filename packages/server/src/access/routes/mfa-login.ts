import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { OneOf, Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import type { SecondFactor } from '../login/second-factor.js';
import { noStore, tokenSetBody, tokenSetExample, tokenSetSchema } from './token-answer.js';

const guard = { public: 'the MFA token of the first step is in the body' };
const mfaType = OneOf(['app', 'email', 'sms']);
const common = { method: 'POST', guard, tag: 'Login', bodyLimit: 16 * 1024, errors: [] } as const;

/** Sends a code, or sends it again (access-manager §2.7). */
export function challengeMfaRoute(secondFactor: SecondFactor): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    url: '/v1/login/mfa/challenge',
    operationId: 'challengeMfa',
    summary: 'Send a code for the second factor',
    description: 'By e-mail or SMS, four times at most per login. An authenticator app needs no code sent.',
    body: Type.Object({ mfaToken: Text(512), mfaType }, { additionalProperties: false }),
    requestExample: { mfaToken: 'cfm_…', mfaType: 'email' },
    success: {
      status: 200,
      description: 'Sent',
      schema: Type.Object({ message: Type.String() }),
      example: { message: 'A code has been sent.' },
    },
    async handler({ body, context }) {
      await secondFactor.challenge(body, context.address);
      const message = body.mfaType === 'app' ? 'Take the code from the authenticator app.' : 'A code has been sent.';
      return { status: 200, body: { message }, headers: noStore };
    },
  });
}

/** The second step of a login (access-manager §2.7). */
export function verifyMfaRoute(secondFactor: SecondFactor): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    url: '/v1/login/mfa/verify',
    operationId: 'verifyMfa',
    summary: 'Finish a login with a code or a recovery code',
    description: 'Five tries per login. With `rememberDevice` the answer holds a `deviceToken` for the next 30 days.',
    body: Type.Object(
      {
        mfaToken: Text(512),
        mfaType,
        passcode: Type.Optional(Text(16, { description: 'six digits' })),
        recoveryCode: Type.Optional(Text(64)),
        rememberDevice: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    requestExample: { mfaToken: 'cfm_…', mfaType: 'app', passcode: '123456' },
    success: {
      status: 200,
      description: 'Tokens',
      schema: Type.Intersect([tokenSetSchema, Type.Object({ deviceToken: Type.Optional(Type.String()) })]),
      example: tokenSetExample,
    },
    async handler({ body, context }) {
      const { passcode, recoveryCode, rememberDevice = false, ...rest } = body;
      if ((passcode === undefined) === (recoveryCode === undefined))
        throw new AccessError('bad_request', { message: 'Send either passcode or recoveryCode, and not both.' });
      const shown = { ...rest, passcode, recoveryCode, rememberDevice };
      const { tokens, deviceToken } = await secondFactor.verify(shown, context.address);
      return {
        status: 200,
        body: { ...tokenSetBody(tokens), ...(deviceToken !== undefined && { deviceToken }) },
        headers: noStore,
      };
    },
  });
}
