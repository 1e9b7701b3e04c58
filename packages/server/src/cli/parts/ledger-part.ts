import { canonicalTenantId } from '@cofferdam/core';
import type { FastifyInstance } from 'fastify';
import type { AccessManager } from '../../access/access-manager.js';
import { deriveServiceKey } from '../../access/credentials/service-key.js';
import { decide } from '../../access/permissions/decide.js';
import { roleOfApplication } from '../../access/permissions/roles.js';
import { createAdmission } from '../../http/admission.js';
import { createAuthenticate } from '../../http/authenticate.js';
import { createCachedPermissions } from '../../http/cached-permissions.js';
import { createDirectoryFeed } from '../../http/directory-feed.js';
import { createIssuerPermissions } from '../../http/issuer-permissions.js';
import { createKeySource, fetchKeys } from '../../http/jwks.js';
import { createListener, registerRoutes } from '../../http/listener.js';
import { registerOpenApi } from '../../http/openapi.js';
import type { TenantResolver } from '../../http/principal.js';
import { renderProblem } from '../../http/problem.js';
import type { QuotaGate } from '../../http/quota-gate.js';
import { refuseEarly } from '../../http/refuse-early.js';
import { createRemoteChanges } from '../../http/remote-changes.js';
import { createRemotePermissions } from '../../http/remote-permissions.js';
import { createRemoteRevocations } from '../../http/remote-revocations.js';
import { createRevocationList } from '../../http/revocation-list.js';
import type { RouteDefinition } from '../../http/route.js';
import { type Tracing, traceRequests } from '../../http/tracing.js';
import { ledgerRoutes } from '../../ledger/ledger-app.js';
import type { MetadataIndexPort } from '../../ledger/metadata-index-port.js';
import type { Poster } from '../../ledger/posting/poster.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import type { TenantLabels } from '../../tenancy/tenant-labels.js';
import { version } from '../version.js';
import { countRequests, watchThrottle } from './http-metrics.js';
import { type Check, healthRoute, readinessRoute, versionRoute } from './operational-routes.js';
import type { Ground } from './part.js';

export interface LedgerPart {
  readonly app: FastifyInstance;
  readonly routes: readonly RouteDefinition<TenantContext>[];
}

export interface LedgerOptions {
  readonly tenants: TenantResolver<TenantContext>;
  /** Multi-tenant. */
  readonly quotas?: QuotaGate;
  readonly tenantLabels?: TenantLabels;
  readonly tracing?: Tracing;
  /** The Access Manager of this process; undefined: another one, at `config.authAddress`. */
  readonly access: AccessManager | undefined;
  readonly checks: Readonly<Record<string, () => Promise<Check>>>;
  readonly isDraining: () => boolean;
  readonly metadataIndexes: MetadataIndexPort;
  readonly poster: Poster;
}

const audience = 'midaz';
/** How long a ledger that runs alone goes by what it knew of revocations when the Access Manager cannot be asked. */
const withoutFeedMs = 30_000;

/** The ledger's listener, ready to listen: the same routes in every mode, only the door differs. */
export function buildLedger(ground: Ground, options: LedgerOptions): LedgerPart {
  const { config, log, now, newId } = ground;
  const app = createListener({
    name: 'ledger',
    logger: log,
    newRequestId: newId,
    renderError: renderProblem,
    trustedProxies: config.trustedProxies,
  });
  countRequests(app, ground.metrics, config.multiTenant ? options.tenantLabels : undefined);
  if (options.tracing) traceRequests(app, options.tracing);
  const routes = [
    ...ledgerRoutes({
      now,
      newId,
      poster: options.poster,
      metadataIndexes: options.metadataIndexes,
      limits: { pageLimitMax: config.pageLimitMax, monthRangeMax: config.monthRangeMax },
      production: config.environmentName === 'production',
      implicitIdempotency: config.implicitIdempotency,
    }),
    healthRoute<TenantContext>(),
    versionRoute<TenantContext>(now),
    readinessRoute<TenantContext>(
      config.multiTenant ? 'multi-tenant' : 'single-tenant',
      options.isDraining,
      options.checks,
    ),
  ];
  const door = doorOf(ground, options.access);
  // The feeds of another process are read for as long as the ledger listens.
  if (door.enabled) {
    for (const feed of door.feeds) {
      feed.start();
      app.addHook('onClose', () => feed.stop());
    }
  }
  if (door.enabled && options.quotas) {
    const { authenticate } = door;
    const { quotas } = options;
    watchThrottle(
      ground.metrics,
      refuseEarly(app, { authenticate, quotas, renderError: renderProblem, newRequestId: newId }),
    );
  }
  const admission = createAdmission({ auth: door, tenants: options.tenants, quotas: options.quotas });
  registerRoutes(app, routes, admission);
  registerOpenApi(app, {
    title: 'Cofferdam Ledger',
    version,
    description: 'Double-entry ledger: organizations, ledgers, assets, accounts, balances, transactions.',
    routes: routes as unknown as RouteDefinition<never>[],
    authEnabled: config.authEnabled,
  });
  return { app, routes };
}

function doorOf({ config, secrets, now, log, externalIssuers }: Ground, access: AccessManager | undefined) {
  const serviceKey = config.accessServiceKey ?? deriveServiceKey(secrets.encryptionKey);
  if (!config.authEnabled) return { enabled: false } as const;
  const onError = (error: unknown): void => log.warn({ err: error }, 'the signing keys could not be had');
  const address = config.authAddress;
  const local = address === undefined ? access : undefined;
  if (local === undefined && address === undefined)
    throw new Error('authentication is on and there is no Access Manager');
  // In one process the keys are handed over and nothing is fetched.
  const keys = local
    ? createKeySource({ load: () => local.keys.publicKeys(), now, onError, freshForMs: 60_000, unknownEveryMs: 0 })
    : createKeySource({ load: fetchKeys(`${address}/.well-known/jwks.json`), now, onError });
  const remote = local ? undefined : remotePermissions(address as string, serviceKey, { config, now, log });
  const ownRevocations = local
    ? undefined
    : createRevocationList({
        load: createRemoteRevocations({ address: address as string, serviceKey }),
        now,
        usableForMs: withoutFeedMs,
        onError: (error) => log.warn({ err: error }, 'the revocations cannot be read'),
      });
  const revocations = local?.revocations ?? ownRevocations;
  return {
    enabled: true,
    feeds: [...(ownRevocations ? [ownRevocations] : []), ...(remote ? [remote.changes] : [])],
    permissions: createIssuerPermissions(
      local?.permissions ?? (remote as NonNullable<typeof remote>).permissions,
      (role, permission) => decide([roleOfApplication(role)], { product: 'midaz', ...permission }),
    ),
    authenticate: createAuthenticate({
      keys,
      issuer: config.issuer,
      audience,
      environment: config.environmentName,
      multiTenant: config.multiTenant,
      externalIssuers,
      ...(revocations && { isRevoked: (principal) => revocations.isRevoked(principal) }),
      now,
    }),
  } as const;
}

/** What callers may do, asked of another process and remembered; its feed of changes says what to forget. */
function remotePermissions(
  address: string,
  serviceKey: string,
  { config, now, log }: Pick<Ground, 'config' | 'now' | 'log'>,
) {
  const permissions = createCachedPermissions({
    load: createRemotePermissions({ address, now }),
    now,
    isFeedFresh: () => changes.isFresh(),
  });
  const changes = createDirectoryFeed({
    load: createRemoteChanges({ address, serviceKey }),
    onError: (error) => log.warn({ err: error }, 'the changes of users and applications cannot be read'),
    onLost: permissions.forgetAll,
    // Without tenants, principals name none; the directory has one all the same.
    onChange: ({ tenantId, ...subject }) =>
      permissions.forget(config.multiTenant ? canonicalTenantId(tenantId) : undefined, subject),
  });
  return { permissions, changes };
}
