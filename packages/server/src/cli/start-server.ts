import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '../config.js';
import type { ExternalIssuer } from '../http/external-issuer.js';
import type { Tracing } from '../http/tracing.js';
import { createPoster } from '../ledger/posting/poster.js';
import { type InstallationNames, installationNames } from '../postgres/installation.js';
import { createTenantLabels, dropTenantSeries } from '../tenancy/tenant-labels.js';
import { CliError } from './cli-error.js';
import { type Drain, drainable } from './drain-listener.js';
import { localSecrets } from './local-secrets.js';
import { openAdmin } from './open-admin.js';
import { startAccess } from './parts/access-part.js';
import { openCatalogues } from './parts/catalogues.js';
import { checkBudget } from './parts/check-budget.js';
import { buildLedger } from './parts/ledger-part.js';
import { openRequestStores } from './parts/open-request-stores.js';
import { Closers, type Ground } from './parts/part.js';
import { watchBatches } from './parts/posting-metrics.js';
import { drainMs } from './parts/stores.js';
import { buildOperatorsListener, startTenants } from './parts/tenants-part.js';
import { readTrustedIssuers } from './trusted-issuers.js';

export interface StartOptions {
  readonly log: Logger;
  readonly onProgress?: (text: string) => void;
  /** Production uses the names of the contract; tests share a cluster under names of their own. */
  readonly names?: InstallationNames;
  readonly now?: () => Date;
  /** What this process cannot do without is gone for good: it should end, so that its supervisor starts it anew. */
  readonly onLost?: (reason: string) => void;
  /** What posts transactions; the benchmark measures another way against ours. */
  readonly createPoster?: typeof createPoster;
}

export interface RunningServer {
  /** Of the listeners that run here; base URLs without a trailing slash. */
  readonly urls: { readonly ledger: string; readonly access: string; readonly tenants: string };
  readonly tenantManagerApiKey: string;
  readonly apps: {
    readonly ledger?: FastifyInstance;
    readonly access?: FastifyInstance;
    readonly tenants: FastifyInstance;
  };
  /**
   * `/readyz` answers 503 from here on and every answer closes its connection; after `delayMs` (default 0) no new connection
   * is taken, requests in flight finish, then everything is closed; the embedded PostgreSQL last.
   */
  stop(options?: { readonly delayMs?: number }): Promise<void>;
}

/**
 * Starts the parts of one process, in the order in which they need each other, and listens when all are ready.
 * @throws ConfigError and CliError with a sentence for the operator
 */
export async function startServer(config: Config, options: StartOptions): Promise<RunningServer> {
  const { log, onProgress, names = installationNames('cofferdam'), now = () => new Date() } = options;
  const closers = new Closers();
  const drains: Drain[] = [];
  let draining = false;
  try {
    const secrets = await localSecrets(config);
    const metrics = new Registry();
    collectDefaultMetrics({ register: metrics });
    const admin = await openAdmin(config, log, onProgress, closers, options.onLost);
    const externalIssuers = await trustedIssuers(config, log, now);
    const tracing =
      config.otlpEndpoint === undefined ? undefined : await startTracing(config.otlpEndpoint, config, closers);
    const tenantLabels = createTenantLabels({
      max: config.metricsTenantsMax,
      onDropped: (id) => void dropTenantSeries(metrics, id),
    });
    const ground: Ground = {
      config,
      secrets,
      names,
      log,
      metrics,
      now,
      newId: () => uuidv7(),
      admin,
      externalIssuers,
    };

    onProgress?.('databases');
    const catalogues = config.multiTenant ? await openCatalogues(ground, closers) : undefined;
    if (config.multiTenant && config.parts.has('ledger')) await checkBudget(ground);
    const access = config.parts.has('access') ? await startAccess(ground, closers, catalogues?.access) : undefined;
    const manager =
      catalogues?.prepared && config.parts.has('tenants')
        ? await startTenants(ground, closers, catalogues.prepared, access)
        : undefined;
    const ledger = config.parts.has('ledger')
      ? buildLedger(ground, {
          ...(await openRequestStores(ground, catalogues, manager, tenantLabels, closers)),
          tenantLabels,
          ...(tracing && { tracing }),
          access,
          isDraining: () => draining,
          poster: (options.createPoster ?? createPoster)({
            now,
            newId: ground.newId,
            log,
            onBatch: watchBatches(metrics, tracing),
          }),
        })
      : undefined;
    const tenants = buildOperatorsListener(ground, manager);

    if (access) closers.add(() => access.close());
    onProgress?.('listeners');
    const { ports } = config;
    const listen = (app: FastifyInstance | undefined, host: string, port: number, variable: string): Promise<string> =>
      app === undefined ? Promise.resolve('') : listenOn(app, host, port, variable, closers, drains);
    const urls = {
      tenants: await listen(tenants, config.tenantsBindAddress, ports.tenants, 'TENANTS_PORT'),
      access: await listen(access?.app, config.bindAddress, ports.access, 'ACCESS_PORT'),
      ledger: await listen(ledger?.app, config.bindAddress, ports.ledger, 'SERVER_PORT'),
    };

    let stopping: Promise<void> | undefined;
    return Object.freeze({
      urls,
      tenantManagerApiKey: secrets.tenantManagerApiKey,
      apps: { ...(ledger ? { ledger: ledger.app } : {}), ...(access ? { access: access.app } : {}), tenants },
      stop({ delayMs = 0 } = {}) {
        draining = true;
        for (const drain of drains) drain.announce();
        stopping ??= sleep(delayMs).then(() => closers.close());
        return stopping;
      },
    });
  } catch (error) {
    await closers
      .close()
      .catch((failure) => log.warn({ err: failure }, 'could not close everything after a failed start'));
    throw error;
  }
}

/** Loaded only when there is somewhere to send spans to; stopped last, when nothing begins one any more. */
async function startTracing(endpoint: string, { otelServiceName }: Config, closers: Closers): Promise<Tracing> {
  const { openTracing } = await import('./open-tracing.js');
  const tracing = await openTracing({ endpoint, serviceName: otelServiceName });
  closers.add(() => tracing.close());
  return tracing;
}

async function trustedIssuers(config: Config, log: Logger, now: () => Date): Promise<readonly ExternalIssuer[]> {
  const { trustedIssuersFile: path, multiTenant, issuer: ownIssuer } = config;
  if (path === undefined || !config.parts.has('ledger')) return [];
  const onError = (error: unknown): void => log.warn({ err: error }, 'the keys of an external issuer cannot be had');
  return readTrustedIssuers({ path, multiTenant, ownIssuer, now, onError });
}

async function listenOn(
  app: FastifyInstance,
  host: string,
  port: number,
  variable: string,
  closers: Closers,
  drains: Drain[],
): Promise<string> {
  const drain = drainable(app, drainMs);
  drains.push(drain);
  closers.add(() => drain.close());
  try {
    await app.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      throw new CliError(
        `port ${port} on ${host} is taken by another program: end it, or choose another with ${variable}.`,
      );
    }
    throw error;
  }
  const { port: actual } = app.server.address() as { port: number };
  return `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${actual}`;
}
