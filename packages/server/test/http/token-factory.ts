import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { PublishedKey, SignatureAlgorithm } from '../../src/http/verification-key.js';

export const issuer = 'https://access.test';
export const now = new Date('2026-11-24T12:00:00Z');
export const nowSeconds = now.getTime() / 1_000;
export const tenantId = '019c96a0000070008000000000000001';

export interface Signer {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly published: PublishedKey;
}

const pairs = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

export function createSigner(kid: string, algorithm: SignatureAlgorithm = 'RS256'): Signer {
  const { privateKey, publicKey } = pairs[algorithm]();
  const published = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' } as PublishedKey;
  return {
    kid,
    algorithm,
    privateKey: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    publicKey,
    published,
  };
}

/** The claims of access-manager §5, right in every point. */
export function goodClaims(): Record<string, unknown> {
  return {
    iss: issuer,
    aud: ['midaz'],
    sub: 'user-1',
    jti: 'jti-1',
    type: 'normal-user',
    owner: 'acme',
    tenantId,
    env: 'test',
    azp: 'client-1',
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + 3_600,
  };
}

export function base64url(value: string | Buffer): string {
  return Buffer.from(value).toString('base64url');
}

export function signWith(signer: Signer, signed: string): string {
  const data = Buffer.from(signed);
  if (signer.algorithm === 'EdDSA') return base64url(sign(null, data, signer.privateKey));
  const key =
    signer.algorithm === 'ES256' ? { key: signer.privateKey, dsaEncoding: 'ieee-p1363' as const } : signer.privateKey;
  return base64url(sign('sha256', data, key));
}

/** A signed token; header and claims may be given as JSON text, for what no object can say. */
export function makeToken(
  signer: Signer,
  claims: Record<string, unknown> | string = goodClaims(),
  header: Record<string, unknown> | string = {},
): string {
  const headerText =
    typeof header === 'string'
      ? header
      : JSON.stringify({ alg: signer.algorithm, kid: signer.kid, typ: 'at+jwt', ...header });
  const claimsText = typeof claims === 'string' ? claims : JSON.stringify(claims);
  const signed = `${base64url(headerText)}.${base64url(claimsText)}`;
  return `${signed}.${signWith(signer, signed)}`;
}
