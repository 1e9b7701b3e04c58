import { Type } from 'typebox';
import type { Answer } from '../../http/route.js';
import type { LoginAnswer } from '../login/login.js';
import type { TokenSet } from '../tokens/token-set.js';

/** RFC 6749 §5.1: nothing on the way may keep a token. */
export const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** The token set of the documented routes (access-manager §2.1). */
export const tokenSetSchema = Type.Object({
  accessToken: Type.String(),
  tokenType: Type.Literal('Bearer'),
  expiresIn: Type.Integer({ description: 'seconds' }),
  refreshToken: Type.String({ description: 'good once, for 24 hours; the answer to its use holds the next one' }),
  idToken: Type.Optional(Type.String({ description: 'persons only; no product takes it for an access token' })),
  scope: Type.Optional(Type.String()),
});

export const mfaChallengeSchema = Type.Object({
  mfaRequired: Type.Literal(true),
  mfaToken: Type.String({ description: 'for /v1/login/mfa/challenge and /v1/login/mfa/verify; opens nothing else' }),
  mfaTypes: Type.Array(Type.String()),
  preferredType: Type.String(),
  expiresIn: Type.Integer({ description: 'seconds' }),
});

export const tokenSetExample = {
  accessToken: 'eyJhbGciOi…',
  tokenType: 'Bearer',
  expiresIn: 3600,
  refreshToken: 'cfr_…',
};

export function tokenSetBody({ accessToken, expiresInSeconds, refreshToken, idToken, scope }: TokenSet) {
  return {
    accessToken,
    ...(idToken !== undefined && { idToken }),
    tokenType: 'Bearer',
    expiresIn: expiresInSeconds,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(scope !== undefined && { scope }),
  };
}

export function oauthTokenBody({ accessToken, expiresInSeconds, refreshToken, idToken, scope }: TokenSet) {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(scope !== undefined && { scope }),
  };
}

/** Tokens, or the question for the second factor, in the words of the documented routes. */
export function loginAnswer(answer: LoginAnswer): Answer {
  if ('accessToken' in answer) return { status: 200, body: tokenSetBody(answer), headers: noStore };
  if ('authenticated' in answer) throw new Error('a login for an authorization is not answered with tokens');
  const { mfaToken, mfaTypes, preferredType, expiresInSeconds } = answer;
  return {
    status: 200,
    body: { mfaRequired: true, mfaToken, mfaTypes, preferredType, expiresIn: expiresInSeconds },
    headers: noStore,
  };
}
