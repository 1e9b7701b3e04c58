import { createHash, randomBytes } from 'node:crypto';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';

/** What a token is for; a prefix of its text, so that secret scanners and people can tell them apart. */
export type OpaqueKind = 'refresh' | 'mfa' | 'device' | 'reset';

const prefixes: Record<OpaqueKind, string> = { refresh: 'cfr_', mfa: 'cfm_', device: 'cfd_', reset: 'cfp_' };
const randomLength = 32;

export interface OpaqueToken {
  readonly tenantId: TenantId;
  /** SHA-256 of the whole text: what is kept. The text has 256 random bits, so a slow or keyed hash would buy nothing. */
  readonly hash: Buffer;
}

/**
 * A token without meaning to its holder: 256 random bits and the tenant in whose rows its hash is looked up. The tenant
 * is covered by the hash: naming another one finds nothing there.
 */
export function newOpaqueToken(kind: OpaqueKind, tenantId: TenantId): { text: string; hash: Buffer } {
  const text = prefixes[kind] + Buffer.concat([randomBytes(randomLength), Buffer.from(tenantId)]).toString('base64url');
  return { text, hash: hashOf(text) };
}

/** Undefined when the text cannot be one of this kind. */
export function readOpaqueToken(kind: OpaqueKind, text: string): OpaqueToken | undefined {
  const prefix = prefixes[kind];
  if (!text.startsWith(prefix) || text.length > 512) return undefined;
  const part = text.slice(prefix.length);
  const bytes = Buffer.from(part, 'base64url');
  // Node skips characters that do not belong: one token has one spelling.
  if (bytes.length <= randomLength || bytes.toString('base64url') !== part) return undefined;
  const named = bytes.subarray(randomLength).toString('latin1');
  const tenantId = canonicalTenantId(named);
  return tenantId === named ? { tenantId, hash: hashOf(text) } : undefined;
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
