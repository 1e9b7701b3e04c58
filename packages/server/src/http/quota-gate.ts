import type { LedgerError, TenantId } from '@cofferdam/core';

/** Holds tenants to their quotas; asked for each request, before its body is read. */
export interface QuotaGate {
  /** Tenants that are held to quotas here; others have not sent anything or have none. */
  readonly size: number;
  /**
   * Lets a request in, or not. The answer, when there is one, is called when the request is over.
   * @throws LedgerError tenant_quota_exceeded
   */
  enter(tenantId: TenantId, isWrite: boolean): (() => void) | undefined;
  /** The refusal that `enter` would throw now for lack of requests; counts as one. */
  exhausted(tenantId: TenantId): LedgerError | undefined;
}
