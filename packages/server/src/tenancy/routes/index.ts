import type { Registry } from 'prom-client';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import type { TenantManager } from '../tenant-manager.js';
import type { OperatorContext } from './admission.js';
import { associationRoutes } from './associations.js';
import { listAuditRoute } from './audit.js';
import { deleteTenantRoute, reactivateTenantRoute, suspendTenantRoute } from './change-tenant-status.js';
import { createTenantRoute } from './create-tenant.js';
import { moveRoutes } from './move-tenant.js';
import { operationRoutes } from './operations.js';
import { operatorRoutes } from './operators.js';
import { getQuotasRoute, putQuotasRoute } from './quotas.js';
import { getTenantRoute, listActiveTenantsRoute, listTenantsRoute } from './read-tenants.js';
import { rotateCredentialsRoute } from './rotate-credentials.js';
import { serverRoutes } from './servers.js';
import { invalidateCacheRoute, updateTenantRoute } from './update-tenant.js';

export { createOperatorAdmission, type OperatorContext } from './admission.js';
export { renderTenancyError } from './render-error.js';

/** All routes about tenants; registered in multi-tenant mode only, so that single-tenant answers 404. */
export function tenantRoutes(manager: TenantManager): RouteDefinition<OperatorContext>[] {
  return [
    createTenantRoute(manager),
    listTenantsRoute(manager),
    listActiveTenantsRoute(manager),
    getTenantRoute(manager),
    updateTenantRoute(manager),
    invalidateCacheRoute(manager),
    suspendTenantRoute(manager),
    reactivateTenantRoute(manager),
    deleteTenantRoute(manager),
    rotateCredentialsRoute(manager),
    ...moveRoutes(manager),
    getQuotasRoute(manager),
    putQuotasRoute(manager),
    ...associationRoutes(manager),
    ...operationRoutes(manager),
    listAuditRoute(manager),
    ...serverRoutes(manager),
    ...operatorRoutes(manager),
  ];
}

/** Registered in every mode: this listener always serves `/metrics`, the ledger's never does. */
export function metricsRoute(registry: Registry): RouteDefinition<OperatorContext> {
  return defineRoute<OperatorContext>({
    method: 'GET',
    url: '/metrics',
    guard: { public: 'Prometheus sends no key; the listener itself is for operators and on loopback by default' },
    operationId: 'getMetrics',
    tag: 'Operations',
    summary: 'Metrics in Prometheus text form',
    success: { status: 200, description: 'Metrics' },
    errors: [],
    async handler() {
      return { status: 200, body: await registry.metrics(), headers: { 'content-type': registry.contentType } };
    },
  });
}
