import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { TokenAlgorithm } from '../directory/tables.js';

/** The public half as it is published. */
export type PublicJwk = Readonly<JWK & { kid: string; alg: TokenAlgorithm; use: 'sig' }>;

export interface GeneratedKey {
  /** RFC 7638 thumbprint: says nothing, and two keys never share one. */
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly privateJwk: JWK;
}

/** A new key pair for one algorithm: RSA of 2048 bits (cheapest to verify), P-256 or Ed25519. Off the event loop. */
export async function generateSigningKey(algorithm: TokenAlgorithm): Promise<GeneratedKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { modulusLength: 2048, extractable: true });
  const publicPart = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicPart, 'sha256');
  return {
    kid,
    publicJwk: Object.freeze({ ...publicPart, kid, alg: algorithm, use: 'sig' as const }),
    privateJwk: await exportJWK(privateKey),
  };
}
