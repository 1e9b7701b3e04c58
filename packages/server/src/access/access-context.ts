import type { TenantId } from '@cofferdam/core';
import type { FastifyRequest } from 'fastify';
import type { Permission, Principal } from '../http/principal.js';
import type { Admission, Guard } from '../http/route.js';
import { isSameSecret } from '../http/same-secret.js';
import { AccessError } from './access-errors.js';
import type { SubjectRoles } from './directory/subject-roles.js';
import type { AuditTrail } from './login/audit-trail.js';
import type { FailureLimiter } from './login/failure-limiter.js';
import { refuseInactive, type TenantStatusPort } from './login/tenant-status.js';
import { decide } from './permissions/decide.js';
import { directoryOf } from './permissions/local-permission-source.js';
import type { Subjects } from './permissions/subjects.js';

/** Who a verified token speaks for, in which directory, and what they may do. */
export interface Caller extends SubjectRoles {
  readonly principal: Principal;
  readonly tenantId: TenantId;
}

export interface AccessContext {
  /** Where the request comes from; behind trusted proxies the client's own address. */
  readonly address: string;
  /** Undefined on public routes only. */
  readonly caller: Caller | undefined;
}

export interface AccessAdmissionOptions {
  /** Verifies the bearer token (http/authenticate.ts). Rejects with token_missing or invalid_token. */
  readonly authenticate: (request: FastifyRequest) => Promise<Principal>;
  readonly multiTenant: boolean;
  readonly tenantStatus: TenantStatusPort;
  readonly subjects: Subjects;
  readonly audit: AuditTrail;
  /** By subject: how much of the audit somebody may fill who asks for what they may not do. */
  readonly refusals: FailureLimiter;
  /** What services of this installation send in `X-API-Key` (credentials/service-key.ts). */
  readonly serviceKey: string;
}

/** The tenant comes from the verified token and its status is asked on each request, as in the products. */
export function createAccessAdmission(options: AccessAdmissionOptions): Admission<AccessContext> {
  const { authenticate, multiTenant, tenantStatus, subjects, audit, refusals, serviceKey } = options;

  async function callerOf(request: FastifyRequest): Promise<Caller> {
    const principal = await authenticate(request);
    const tenantId = directoryOf(principal, multiTenant);
    if (tenantId === undefined)
      throw new AccessError('token_invalid', {
        message: 'This token is not valid: it says nothing of a tenant of this deployment. Log in again.',
      });
    if (multiTenant) await refuseInactive(tenantStatus, tenantId);
    const known = await subjects.rolesOf(tenantId, principal);
    if (known === undefined)
      throw new AccessError('token_invalid', {
        message: 'This token is not valid any more: its user or application is gone or disabled.',
      });
    return { principal, tenantId, ...known };
  }

  function recordRefusal({ tenantId, principal }: Caller, { resource, action }: Permission, address: string): void {
    const actor = principal.subject;
    if (!refusals.countFailure(`${tenantId}/${actor}`)) return;
    audit.recordLater(tenantId, {
      kind: 'permission',
      result: 'refused',
      reason: `${resource}:${action}`,
      actor,
      address,
    });
  }

  return Object.freeze({
    async admit(request: FastifyRequest, guard: Guard) {
      if ('public' in guard) return { context: { address: request.ip, caller: undefined }, principal: undefined };
      if ('operator' in guard) {
        if (!isSameSecret(serviceKey, request.headers['x-api-key']))
          throw new AccessError('token_invalid', {
            message: 'This is for services of this installation, with their key.',
          });
        return { context: { address: request.ip, caller: undefined }, principal: undefined };
      }
      const caller = await callerOf(request);
      const allowed = 'authenticated' in guard || ('permission' in guard && decide(caller.roles, guard.permission));
      if (!allowed) {
        if ('permission' in guard) recordRefusal(caller, guard.permission, request.ip);
        throw new AccessError('forbidden', { message: 'This caller may not do that.' });
      }
      return { context: { address: request.ip, caller }, principal: caller.principal };
    },
  });
}

/** The caller of a route that is not public. */
export function callerOf(context: AccessContext): Caller {
  if (context.caller === undefined) throw new Error('a public route asked for its caller');
  return context.caller;
}
