import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError, type TenantId } from '@cofferdam/core';
import { Counter, type Registry } from 'prom-client';
import type { Principal, TenantResolver } from '../http/principal.js';
import type { TenantContext, TenantPool } from '../postgres/tenant-context.js';
import { resolutionSeconds } from './catalogue-metrics.js';
import { type Catalogue, CatalogueUnavailable } from './catalogue-reader.js';
import { refusalOf } from './refuse-tenant.js';
import type { ReplicaReads } from './replica-reads.js';
import type { TenantConfig } from './tenant-config.js';
import type { TenantPools } from './tenant-pools.js';

export interface TenantResolverOptions {
  readonly catalogue: Catalogue<TenantConfig>;
  readonly pools: TenantPools;
  /** Undefined: every read goes to the primary. */
  readonly replicas?: ReplicaReads;
  /** Id of the migration that this build cannot work without; older books answer 503 until they are migrated. */
  readonly schemaVersionMin: string | undefined;
  /** Id of the last migration that this build knows; books that a later contract migration has changed answer 503. */
  readonly contractVersionMax?: string | undefined;
  readonly metrics?: Registry;
}

const watchPollMs = 40;
/** Longer than any hold: a process that never hears of the end stops asking. */
const watchMsMax = 30_000;

/**
 * From verified claims to the tenant's own store (tenancy §5.1, steps 6–8). The status is looked at on every request.
 * With everything known and open the answer comes without a promise.
 */
export function createTenantResolver(options: TenantResolverOptions): TenantResolver<TenantContext> {
  const { catalogue, pools, replicas } = options;
  const denied = options.metrics && deniedCounter(options.metrics);
  const took = options.metrics && resolutionSeconds(options.metrics);
  catalogue.onChange((config) => {
    pools.changed(config);
    if (config.held) void watchHold(config.id);
    replicas?.changed(config);
  });

  const watched = new Set<TenantId>();
  /** The feed is asked twice a second; whoever waits for the end of a hold should not wait for that too. */
  const watchHold = async (id: TenantId): Promise<void> => {
    if (watched.has(id)) return;
    watched.add(id);
    for (const since = performance.now(); performance.now() - since < watchMsMax; await delay(watchPollMs)) {
      const config = await catalogue.get(id).catch(() => undefined);
      if (config?.held !== false) continue;
      pools.changed(config);
      break;
    }
    watched.delete(id);
  };

  const contextOf = (config: TenantConfig, pool: TenantPool): TenantContext =>
    Object.freeze({ tenantId: config.id, slug: config.slug, configVersion: config.configVersion, pool });

  /** Of a read, when the tenant wants it: the replica, if it has all that the primary has. */
  const readContext = async (config: TenantConfig, pool: TenantPool): Promise<TenantContext> => {
    const primary = contextOf(config, pool);
    const replica = await replicas?.choose(config, pool);
    return replica === undefined ? primary : Object.freeze({ ...primary, pool: replica, primary });
  };
  const mayReadReplica = (config: TenantConfig, use: 'read' | 'write' | undefined) =>
    use === 'read' && replicas !== undefined && config.store !== undefined && config.store.replicas.length > 0;

  const check = (config: TenantConfig | undefined): TenantConfig => {
    const refusal = refusalOf(config, options);
    if (refusal !== undefined) throw refusal;
    return config as TenantConfig;
  };

  const slowly = async (id: TenantId, use: 'read' | 'write' | undefined): Promise<TenantContext> => {
    const config = check(await ask(catalogue, id));
    const pool = await pools.acquire(config);
    // Opening took its time: what the feed brought meanwhile counts.
    const latest = catalogue.peek(id);
    if (latest !== undefined && latest.version > config.version) check(latest);
    return mayReadReplica(config, use) ? readContext(config, pool) : contextOf(config, pool);
  };

  const refuse = (error: unknown, since: number): never => {
    denied?.(error);
    took?.('refused', (performance.now() - since) / 1000);
    throw error;
  };

  return Object.freeze({
    resolve(principal: Principal | undefined, use?: 'read' | 'write') {
      const since = performance.now();
      try {
        const id = principal?.tenantId;
        if (id === undefined) throw missingTenant();
        const config = catalogue.peek(id);
        const pool = config && pools.peek(check(config));
        if (config !== undefined && pool !== undefined) {
          took?.('known', (performance.now() - since) / 1000);
          return mayReadReplica(config, use) ? readContext(config, pool) : contextOf(config, pool);
        }
        return slowly(id, use).then(
          (context) => {
            took?.('opened', (performance.now() - since) / 1000);
            return context;
          },
          (error: unknown) => refuse(error, since),
        );
      } catch (error) {
        return refuse(error, since);
      }
    },
  });
}

async function ask(catalogue: Catalogue<TenantConfig>, id: TenantId): Promise<TenantConfig | undefined> {
  try {
    return await catalogue.get(id);
  } catch (error) {
    throw new LedgerError('tenant_service_unavailable', {
      detail: 'The tenant of this token cannot be looked up at the moment; try again.',
      reason: 'SERVICE_UNAVAILABLE',
      retryAfterSeconds: 2,
      log: error instanceof CatalogueUnavailable ? error.cause : error,
    });
  }
}

function missingTenant(): LedgerError {
  return new LedgerError('invalid_token', { detail: 'The token names no tenant.', reason: 'MISSING_TENANT' });
}

function deniedCounter(registry: Registry): (error: unknown) => void {
  const counter = new Counter({
    name: 'tenant_denied_total',
    help: 'Requests refused before a handler because of their tenant, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });
  return (error) =>
    counter.inc({ reason: error instanceof LedgerError ? (error.info.reason ?? error.reasonName) : 'unexpected' });
}
