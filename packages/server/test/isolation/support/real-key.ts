import { type JWTPayload, SignJWT } from 'jose';
import { accessSearchPath, accessServiceSettings } from '../../../src/access/access-database.js';
import { createAccessStore } from '../../../src/access/directory/with-directory.js';
import { openKeyRing, type SigningKey } from '../../../src/access/keys/key-ring.js';
import { openPool } from '../../../src/postgres/pool.js';
import { adminSettings } from '../../support/admin.js';
import type { TestServer } from '../../support/server.js';

/** The private key of a server's own Access Manager: what a thief would have, to sign claims that it never would. */
export async function stealSigningKey({ names, environment }: TestServer): Promise<SigningKey> {
  const encryptionKey = Buffer.from(environment['COFFERDAM_ENCRYPTION_KEY'] as string, 'base64');
  const pool = openPool(accessServiceSettings({ adminSettings: adminSettings(), names, encryptionKey }), {
    max: 1,
    applicationName: 'test of the tokens',
    searchPath: accessSearchPath,
  });
  try {
    const now = () => new Date();
    const ring = await openKeyRing({ store: createAccessStore(pool), encryptionKey, algorithm: 'RS256', now });
    return await ring.signingKey();
  } finally {
    await pool.end();
  }
}

/** Signs claims with the real key, so that one rule alone decides. */
export function signWith({ kid, algorithm, key }: SigningKey, claims: JWTPayload, header: object = {}) {
  return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, typ: 'at+jwt', ...header }).sign(key);
}

export interface TokenParts {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  readonly signature: string;
}

export function takeApart(token: string): TokenParts {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  return { header: read(header), claims: read(claims), signature };
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
