import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { LedgerError } from '@cofferdam/core';
import { LRUCache } from 'lru-cache';
import { type ExternalIssuer, verifyExternalToken } from './external-issuer.js';
import { type KeySource, KeysUnavailable } from './jwks.js';
import type { Principal } from './principal.js';
import {
  claimedIssuer,
  isTimely,
  TokenRefused,
  type TokenRules,
  type VerifiedToken,
  verifyToken,
} from './verify-token.js';

export interface Authenticated {
  readonly principal: Principal;
  /** For questions asked in the caller's name (`remote-permissions.ts`). */
  readonly accessToken: string;
}

/** What is looked at of a request. The connection is absent in tests that make up requests. */
export type RequestHead = Pick<IncomingMessage, 'rawHeaders'> & { readonly socket?: object };

/** @throws LedgerError token_missing (0041), invalid_token (0042), tenant_service_unavailable (0161) */
export interface Authenticate {
  (request: { readonly raw: RequestHead }): Promise<Authenticated> | Authenticated;
  /**
   * Whose token it is when it was verified lately and has not run out. Not enough to let anybody in: key and revocation are
   * not looked at. Enough to refuse.
   */
  recall?(request: RequestHead): Principal | undefined;
}

export interface AuthenticateOptions extends TokenRules {
  /** Others that may speak for some tenants, each by its own keys and rules. */
  readonly externalIssuers?: readonly ExternalIssuer[];
  /** Asked on every request, for remembered tokens too: must be answered from memory. */
  readonly isRevoked?: (principal: Principal) => boolean | Promise<boolean>;
  /** How many verified tokens are remembered. Default 10,000. */
  readonly cacheSize?: number;
}

interface Remembered extends VerifiedToken {
  /** Of its issuer. */
  readonly keys: KeySource;
}

/**
 * Makes the only function that turns a request into a principal. A verified token is remembered under its SHA-256
 * (a check costs some 120 µs, a hit 3); times, key and revocation are checked again on each hit. A connection mostly sends
 * the same token again and again, so its last digest is kept with it.
 */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { now, isRevoked } = options;
  const external = new Map((options.externalIssuers ?? []).map((issuer) => [issuer.issuer, issuer]));
  const verified = new LRUCache<string, Remembered>({ max: options.cacheSize ?? 10_000 });

  /** Each issuer's keys are looked up among its own: the same `kid` at two issuers is two keys. */
  async function verify(token: string): Promise<Remembered> {
    const other = external.size === 0 ? undefined : external.get(claimedIssuer(token) ?? '');
    if (other === undefined) return { ...(await verifyToken(token, options)), keys: options.keys };
    return { ...(await verifyExternalToken(token, other, options)), keys: other.keys };
  }

  const lastOf = new WeakMap<object, { readonly token: string; readonly digest: string }>();
  function digestOf(token: string, connection: object | undefined): string {
    const last = connection && lastOf.get(connection);
    if (last?.token === token) return last.digest;
    const digest = hash('sha256', token, 'base64');
    if (connection) lastOf.set(connection, { token, digest });
    return digest;
  }

  async function verifyOrRecall(token: string, connection: object | undefined): Promise<Remembered> {
    const digest = digestOf(token, connection);
    const known = verified.get(digest);
    if (known && isCurrent(known) && (await known.keys.find(known.key.kid)) === known.key) return known;
    verified.delete(digest);
    const fresh = await verify(token);
    verified.set(digest, fresh);
    return fresh;
  }

  function isCurrent({ principal, notBefore }: VerifiedToken): boolean {
    return isTimely({ expiresAt: principal.expiresAt, notBefore }, now());
  }

  function recall({ rawHeaders, socket }: RequestHead): Principal | undefined {
    const at = rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'authorization');
    const token = at < 0 ? '' : bare(rawHeaders[at + 1]);
    const known = token === '' ? undefined : verified.get(digestOf(token, socket));
    return known !== undefined && isCurrent(known) ? known.principal : undefined;
  }

  async function verifyThenJudge(request: { readonly raw: RequestHead }): Promise<Authenticated> {
    const accessToken = readBearerToken(request.raw.rawHeaders);
    try {
      const { principal } = await verifyOrRecall(accessToken, request.raw.socket);
      if (isRevoked && (await isRevoked(principal))) throw new TokenRefused('revoked');
      return { principal, accessToken };
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** The answer without a promise when nothing has to be waited for; undefined: verify. */
  function recallAndJudge({ rawHeaders, socket }: RequestHead): Authenticated | undefined {
    const accessToken = onlyBearerToken(rawHeaders);
    if (accessToken === undefined) return undefined;
    const known = verified.get(digestOf(accessToken, socket));
    if (known === undefined || !isCurrent(known) || known.keys.find(known.key.kid) !== known.key) return undefined;
    const { principal } = known;
    return isRevoked === undefined || isRevoked(principal) === false ? { principal, accessToken } : undefined;
  }

  const authenticate: Authenticate = (request) => recallAndJudge(request.raw) ?? verifyThenJudge(request);
  return Object.assign(authenticate, { recall });
}

function asRefusal(error: unknown): unknown {
  if (error instanceof TokenRefused) return invalidToken(error.problem, error.message);
  if (error instanceof KeysUnavailable) {
    return new LedgerError('tenant_service_unavailable', {
      detail: 'The Access Manager cannot be reached.',
      reason: 'AUTH_UNAVAILABLE',
      log: error,
    });
  }
  return error;
}

const bare = (header: string | undefined): string => header?.trim().replace(/^bearer(?: +|$)/i, '') ?? '';

/** The token of the one `Authorization` header; undefined when there are none or several, or it is empty. */
function onlyBearerToken(rawHeaders: readonly string[]): string | undefined {
  let header: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'authorization') continue;
    if (header !== undefined) return undefined;
    header = rawHeaders[at + 1] ?? '';
  }
  return bare(header) || undefined;
}

/**
 * The token of exactly one `Authorization` header; the scheme may be left out (ledger-api §15). Raw headers are read
 * because Node keeps only the first of several.
 */
function readBearerToken(rawHeaders: readonly string[]): string {
  const token = onlyBearerToken(rawHeaders);
  if (token !== undefined) return token;
  const names = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'authorization');
  if (names.length > 1) throw invalidToken('INVALID_TOKEN', 'several Authorization headers');
  throw new LedgerError('token_missing', {
    detail: 'This operation needs an access token: send the header Authorization: Bearer <accessToken>.',
    reason: 'MISSING_TOKEN',
  });
}

function invalidToken(reason: string, log: string): LedgerError {
  const detail =
    reason === 'MISSING_TENANT'
      ? 'The access token names no tenant: obtain one from the Access Manager for a tenant.'
      : 'The access token is not valid: obtain a new one from the Access Manager.';
  return new LedgerError('invalid_token', { detail, reason, log });
}
