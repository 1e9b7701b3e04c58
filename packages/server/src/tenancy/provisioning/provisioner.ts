import type { TenantId } from '@cofferdam/core';
import PQueue from 'p-queue';
import { Histogram, type Registry } from 'prom-client';
import { type ProvisioningOutcome, provisionTenant } from './provision-tenant.js';
import type { ProvisioningTools } from './run.js';

/** Provisions tenants, a few at a time, each once. */
export interface Provisioner {
  /** Joins a run that is under way in this process. Never rejects: `interrupted` leaves the tenant to the worker. */
  provision(tenantId: TenantId): Promise<ProvisioningOutcome | 'interrupted'>;
  /** Takes no more and resolves when all runs have ended. */
  drain(): Promise<void>;
}

/** `create database` is copying and flushing: more at a time than this is no faster (tried: 8 in parallel 1.06 s). */
const concurrency = 4;

export function createProvisioner(tools: ProvisioningTools, metrics?: Registry): Provisioner {
  const queue = new PQueue({ concurrency });
  const running = new Map<TenantId, Promise<ProvisioningOutcome | 'interrupted'>>();
  const seconds =
    metrics === undefined
      ? undefined
      : new Histogram({
          name: 'tenant_provisioning_seconds',
          help: 'Time from taking up a tenant to active or failed.',
          labelNames: ['outcome'],
          buckets: [0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30],
          registers: [metrics],
        });
  let draining = false;

  const run = async (tenantId: TenantId): Promise<ProvisioningOutcome | 'interrupted'> => {
    if (draining) return 'interrupted';
    const start = tools.elapsed();
    try {
      const outcome = await provisionTenant(tools, tenantId);
      if (outcome === 'active' || outcome === 'failed') seconds?.observe({ outcome }, (tools.elapsed() - start) / 1000);
      return outcome;
    } catch (error) {
      // The control database itself failed: the tenant stays in `provisioning` and the worker takes it up again.
      tools.log.error({ tenantId, err: error }, 'provisioning was interrupted');
      return 'interrupted';
    }
  };

  return Object.freeze({
    provision(tenantId: TenantId) {
      const joined = running.get(tenantId);
      if (joined !== undefined) return joined;
      const outcome = queue.add(() => run(tenantId)).finally(() => running.delete(tenantId));
      running.set(tenantId, outcome);
      return outcome;
    },
    async drain() {
      draining = true;
      await queue.onIdle();
    },
  });
}
