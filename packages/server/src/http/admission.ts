import { LedgerError } from '@cofferdam/core';
import type { FastifyRequest } from 'fastify';
import type { Authenticate, Authenticated } from './authenticate.js';
import type { Permission, PermissionSource, TenantResolver } from './principal.js';
import { isWrite, type QuotaGate } from './quota-gate.js';
import type { Admission, Guard } from './route.js';

export interface AdmissionOptions<Context> {
  /** Off: every route is open and an Authorization header of any content is ignored (ledger-api §12). */
  readonly auth:
    | { readonly enabled: false }
    | { readonly enabled: true; readonly authenticate: Authenticate; readonly permissions: PermissionSource };
  readonly tenants: TenantResolver<Context>;
  /** What a tenant may use; undefined: as much as it likes. */
  readonly quotas?: QuotaGate | undefined;
}

/**
 * The door of the ledger (tenancy §5.1): verify the token, resolve the tenant from the verified claims and nothing else,
 * then ask for the permission. A public route gets no context: it must not touch a tenant.
 */
export function createAdmission<Context>({ auth, tenants, quotas }: AdmissionOptions<Context>): Admission<Context> {
  return {
    async admit(request: FastifyRequest, guard: Guard) {
      if ('public' in guard) return { context: undefined as Context, principal: undefined };
      if (!('permission' in guard)) throw new Error('this listener has no operators');
      if (!auth.enabled) return { context: await tenants.resolve(undefined), principal: undefined };
      // What is known already comes without a promise, and is not awaited: an await costs a turn, and this is every request.
      const authentication = auth.authenticate(request);
      const authenticated = authentication instanceof Promise ? await authentication : authentication;
      const { principal } = authenticated;
      if (principal.tenantId !== undefined) request.tenantId = principal.tenantId;
      // First, since it is cheapest: whoever has used up its quota costs the others no more than this.
      const writes = isWrite(request.method);
      const leave = principal.tenantId && quotas?.enter(principal.tenantId, writes);
      try {
        // Before the permission: of a tenant that is unknown, suspended or purged no permission is known either, and the
        // caller is to be told which it is (contract, "One answer for refusals").
        const resolved = tenants.resolve(principal, writes ? 'write' : 'read');
        const context = resolved instanceof Promise ? await resolved : resolved;
        const asked = askPermission(auth.permissions, authenticated, guard.permission);
        if (!(asked instanceof Promise ? await asked : asked)) throw notAllowed(guard.permission);
        return { context, principal, leave: leave || undefined };
      } catch (error) {
        if (leave) leave();
        throw error;
      }
    },
  };
}

function askPermission(
  permissions: PermissionSource,
  { principal, accessToken }: Authenticated,
  permission: Permission,
): Promise<boolean> | boolean {
  try {
    const allowed = permissions.isAllowed(principal, permission, accessToken);
    return allowed instanceof Promise ? allowed.catch(cannotBeChecked) : allowed;
  } catch (error) {
    return cannotBeChecked(error);
  }
}

function cannotBeChecked(error: unknown): never {
  if (error instanceof LedgerError) throw error;
  throw new LedgerError('tenant_service_unavailable', {
    detail: 'Permissions cannot be checked at the moment.',
    reason: 'AUTH_UNAVAILABLE',
    log: error,
  });
}

function notAllowed({ resource, action }: Permission): LedgerError {
  return new LedgerError('insufficient_privileges', {
    detail: `The permission "${resource}:${action}" is needed and the caller does not have it.`,
  });
}
