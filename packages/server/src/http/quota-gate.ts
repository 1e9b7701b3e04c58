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
  /** The refusal that `enter` would throw now. */
  exhausted(tenantId: TenantId, isWrite: boolean): LedgerError | undefined;
  /** How many requests `enter` would let in now, if all changed something. */
  allowance(tenantId: TenantId): number;
  /** It was: one that `exhausted` has answered. */
  refused(tenantId: TenantId, refusal: LedgerError): void;
}

/** Whether a request of this method counts among those that change something. */
export const isWrite = (method: string | undefined): boolean => method !== 'GET' && method !== 'HEAD';
