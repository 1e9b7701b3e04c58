import type { TenantId } from '@cofferdam/core';

/** Who calls, as the verified access token says (access-manager §5). Only `http/authenticate` makes one. */
export interface Principal {
  readonly subject: string;
  readonly kind: 'person' | 'application';
  /** Canonical; undefined when the token has no `tenantId` claim (single-tenant). */
  readonly tenantId: TenantId | undefined;
  readonly clientId: string;
  readonly tokenId: string;
  readonly issuer: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /**
   * Of a token of an external issuer only: what its roles mean here, `none` when they mean nothing. Decides by itself; the
   * Access Manager knows nothing of such callers.
   */
  readonly externalRole?: ExternalRole | 'none';
}

export const externalRoles = ['viewer', 'contributor', 'editor'] as const;
export type ExternalRole = (typeof externalRoles)[number];

export interface Permission {
  readonly resource: string;
  /** Lower-case HTTP verb: get, head, post, put, patch, delete. */
  readonly action: string;
}

/** Answers whether a principal may do something; local or cached, never a remote call on the hot path. */
export interface PermissionSource {
  /** Rejects when the decision cannot be had: the caller answers 503, never allows. */
  isAllowed(principal: Principal, permission: Permission, accessToken: string): Promise<boolean> | boolean;
}

/** From verified claims to the tenant's own store. Throws LedgerError 0159, 0160, 0161, 0146, 0042 (contract, "One answer for refusals"). */
export interface TenantResolver<Context> {
  /** `read`: nothing is written through this context, which may be of a replica. Default `write`. */
  resolve(principal: Principal | undefined, use?: 'read' | 'write'): Promise<Context> | Context;
}
