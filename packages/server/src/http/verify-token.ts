import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import { parseJson } from './json.js';
import type { KeySource } from './jwks.js';
import type { Principal } from './principal.js';
import { isSignedBy, type VerificationKey } from './verification-key.js';

export interface TokenRules {
  readonly keys: KeySource;
  /** Must equal `iss`. */
  readonly issuer: string;
  /** Must be in `aud`: `midaz`. */
  readonly audience: string;
  /** Must equal `env`. */
  readonly environment: string;
  readonly multiTenant: boolean;
  readonly now: () => Date;
}

/** Word codes of tenancy §5.2. */
export type TokenProblem = 'INVALID_TOKEN' | 'MISSING_TENANT' | 'INVALID_TENANT';

/** A token that opens nothing. The message is for the log: a client learns no more than the problem. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly problem: TokenProblem;

  constructor(message: string, problem: TokenProblem = 'INVALID_TOKEN') {
    super(message);
    this.problem = problem;
  }
}

export interface VerifiedToken {
  readonly principal: Principal;
  readonly key: VerificationKey;
  /** Unix seconds. */
  readonly notBefore: number;
}

export const maxTokenLength = 8 * 1024;
const clockSkewSeconds = 60;
const maxClaimLength = 256;
const compact = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
/** A header that brings its own key, or asks for rules we do not have, is never one of ours. */
const refusedHeaders = ['crit', 'jku', 'x5u', 'jwk', 'x5c', 'zip', 'enc'];

export type Claims = Readonly<Record<string, unknown>>;

/**
 * Verifies an access token rule by rule (access-manager §6.3), the signature before any claim is looked at.
 * Revocation is not its business: see `authenticate.ts`.
 * @throws TokenRefused, KeysUnavailable
 */
export async function verifyToken(token: string, rules: TokenRules): Promise<VerifiedToken> {
  const { claims, key, expiresAt, notBefore } = await verifySigned(token, { ...rules, types: accessTokenTypes });
  return { principal: readPrincipal(claims, rules, expiresAt), key, notBefore };
}

export const accessTokenTypes: readonly string[] = ['at+jwt', 'application/at+jwt'];

export interface SignedToken {
  readonly claims: Claims;
  readonly key: VerificationKey;
  /** Unix seconds, as the next. */
  readonly expiresAt: number;
  readonly notBefore: number;
  readonly issuedAt: number;
}

/**
 * What holds for the tokens of every issuer: form, header, key, signature and times. Who it speaks for is not looked at.
 * @throws TokenRefused, KeysUnavailable
 */
export async function verifySigned(
  token: string,
  rules: Pick<TokenRules, 'keys' | 'now'> & { readonly types: readonly string[] },
): Promise<SignedToken> {
  if (token.length > maxTokenLength) throw new TokenRefused('longer than 8 KiB');
  const [, headerPart, payloadPart, signaturePart] = compact.exec(token) ?? [];
  if (headerPart === undefined || payloadPart === undefined || signaturePart === undefined) {
    throw new TokenRefused('not three parts of base64url');
  }
  const key = await keyFor(readObject(headerPart, 'header'), rules.keys, rules.types);
  decodePart(signaturePart); // strict base64url: one token has one spelling
  if (!(await isSignedBy(key, token))) throw new TokenRefused('the signature does not fit');
  const claims = readObject(payloadPart, 'payload');
  return { claims, key, ...checkTimes(claims, rules.now()) };
}

/** What an unverified token says of its issuer: good for choosing whose rules it must pass, and for nothing else. */
export function claimedIssuer(token: string): string | undefined {
  const [, , payloadPart] = token.length > maxTokenLength ? [] : (compact.exec(token) ?? []);
  if (payloadPart === undefined) return undefined;
  try {
    const { iss } = readObject(payloadPart, 'payload');
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a token with these times may be used now; skew of 60 s either way. */
export function isTimely(times: { expiresAt: number; notBefore: number }, now: Date): boolean {
  const seconds = now.getTime() / 1_000;
  return seconds < times.expiresAt + clockSkewSeconds && seconds >= times.notBefore - clockSkewSeconds;
}

async function keyFor(header: Claims, keys: KeySource, types: readonly string[]): Promise<VerificationKey> {
  const { alg, kid, typ } = header;
  for (const name of refusedHeaders) {
    if (Object.hasOwn(header, name)) throw new TokenRefused(`the header has "${name}"`);
  }
  if (alg !== 'RS256' && alg !== 'ES256' && alg !== 'EdDSA') throw new TokenRefused('the algorithm is not allowed');
  if (typeof typ !== 'string' || !types.includes(typ)) throw new TokenRefused('not an access token by its "typ"');
  if (typeof kid !== 'string' || kid === '' || kid.length > maxClaimLength) throw new TokenRefused('no usable "kid"');
  const key = await keys.find(kid);
  if (key === undefined) throw new TokenRefused('the key is unknown');
  if (key.algorithm !== alg) throw new TokenRefused('the algorithm is not the one of the key');
  return key;
}

function checkTimes(claims: Claims, now: Date): { expiresAt: number; notBefore: number; issuedAt: number } {
  const { exp, nbf, iat } = claims;
  if (!isSeconds(exp) || !isSeconds(iat) || (nbf !== undefined && !isSeconds(nbf))) {
    throw new TokenRefused('"exp", "nbf" or "iat" is no whole number of seconds');
  }
  const times = { expiresAt: exp, notBefore: Math.max(nbf ?? iat, iat), issuedAt: iat };
  if (!isTimely(times, now)) throw new TokenRefused('expired, or not valid yet');
  return times;
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function readPrincipal(claims: Claims, rules: TokenRules, expiresAt: number): Principal {
  if (claims['iss'] !== rules.issuer) throw new TokenRefused('of another issuer');
  const { aud } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((name) => typeof name === 'string') || !audiences.includes(rules.audience)) {
    throw new TokenRefused('for another audience');
  }
  if (claims['env'] !== rules.environment) throw new TokenRefused('of another environment');
  const { type } = claims;
  if (type !== 'normal-user' && type !== 'application') throw new TokenRefused('of an unknown "type"');
  return Object.freeze({
    subject: readText(claims, 'sub'),
    kind: type === 'normal-user' ? 'person' : 'application',
    tenantId: readTenant(claims, rules.multiTenant),
    clientId: readText(claims, 'azp'),
    tokenId: readText(claims, 'jti'),
    issuer: rules.issuer,
    expiresAt,
  });
}

function readTenant(claims: Claims, multiTenant: boolean): TenantId | undefined {
  const { tenantId } = claims;
  if (tenantId === undefined || tenantId === '') {
    if (multiTenant) throw new TokenRefused('no "tenantId"', 'MISSING_TENANT');
    return undefined;
  }
  const canonical = typeof tenantId === 'string' ? canonicalTenantId(tenantId) : undefined;
  if (canonical === undefined) throw new TokenRefused('"tenantId" is no tenant id', 'INVALID_TENANT');
  return canonical;
}

/** @throws TokenRefused */
export function readText(claims: Claims, name: string): string {
  const value = claims[name];
  // Printable only: these go into cache keys, logs and SQL parameters.
  if (typeof value === 'string' && value.length <= maxClaimLength && /^[^\p{C}]+$/u.test(value)) return value;
  throw new TokenRefused(`"${name}" is no text of 1 to ${maxClaimLength} printable characters`);
}

/** JSON by our strict reader: a repeated member could mean one tenant here and another one elsewhere. */
function readObject(part: string, what: string): Claims {
  let value: unknown;
  try {
    value = parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(decodePart(part)));
  } catch (error) {
    if (error instanceof TokenRefused) throw error;
    throw new TokenRefused(`the ${what} is not JSON`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims;
  throw new TokenRefused(`the ${what} is no JSON object`);
}

/** Node skips characters and trailing bits that do not belong: one token must have one spelling. */
function decodePart(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new TokenRefused('not canonical base64url');
  return bytes;
}
