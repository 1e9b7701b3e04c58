import { createPublicKey, type KeyObject } from 'node:crypto';
import { compactVerify, errors } from 'jose';

export type SignatureAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

/** A public key with the one algorithm it may verify: the algorithm belongs to the key, never to a token's header. */
export interface VerificationKey {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly key: KeyObject;
}

/** A key as a JWKS publishes it (RFC 7517). */
export type PublishedKey = Readonly<Record<string, unknown>>;

const minimalRsaBits = 2048;

/** What each algorithm's key must look like; only these members of a published key are read. */
const shapes: Readonly<Record<SignatureAlgorithm, { kty: string; crv?: string; members: readonly string[] }>> = {
  RS256: { kty: 'RSA', members: ['n', 'e'] },
  ES256: { kty: 'EC', crv: 'P-256', members: ['x', 'y'] },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', members: ['x'] },
};

/**
 * The key for verification, or undefined when it is not one of ours to use: no `kid`, no or another `alg`, for
 * encryption, symmetric, a curve or size that does not fit.
 */
export function importPublishedKey(published: PublishedKey): VerificationKey | undefined {
  const { kid, alg, kty, crv, use } = published;
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) return undefined;
  if (alg !== 'RS256' && alg !== 'ES256' && alg !== 'EdDSA') return undefined;
  const shape = shapes[alg];
  if (kty !== shape.kty || crv !== shape.crv || (use !== undefined && use !== 'sig')) return undefined;
  const members = Object.fromEntries(shape.members.map((name) => [name, published[name]]));
  try {
    const key = createPublicKey({ key: { kty, ...(shape.crv && { crv: shape.crv }), ...members }, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    return alg === 'RS256' && (bits === undefined || bits < minimalRsaBits) ? undefined : { kid, algorithm: alg, key };
  } catch {
    return undefined;
  }
}

/** Checks the signature of a compact JWS with jose; the header's algorithm must be the key's. */
export async function isSignedBy({ algorithm, key }: VerificationKey, token: string): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
