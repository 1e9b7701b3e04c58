import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createAuthenticate } from '../../http/authenticate.js';
import { createListener, registerRoutes } from '../../http/listener.js';
import type { RouteDefinition } from '../../http/route.js';
import { type AccessContext, createAccessAdmission } from '../access-context.js';
import { deriveKey } from '../credentials/derived-key.js';
import { deriveServiceKey } from '../credentials/service-key.js';
import type { AccessStore } from '../directory/with-directory.js';
import { createFailureLimiter } from '../login/failure-limiter.js';
import { mountAuthorization } from '../oidc/mount-authorization.js';
import { mountPasswordReset } from '../oidc/mount-password-reset.js';
import { renderAccessError } from '../render-access-error.js';
import type { AccessManagerOptions } from './access-manager-options.js';
import type { DirectoryServices } from './directory-services.js';
import type { Logins } from './logins.js';
import type { TokenCore } from './token-core.js';

export interface Behind {
  readonly store: AccessStore;
  readonly core: TokenCore;
  readonly directory: DirectoryServices;
  readonly logins: Logins;
}

/** Routes behind their guard, and the pages for people; not listening yet. */
export function createAccessListener(
  routes: readonly RouteDefinition<AccessContext>[],
  { store, core, directory, logins }: Behind,
  options: AccessManagerOptions,
): FastifyInstance {
  const { encryptionKey, multiTenant, issuer, tenantStatus, trustedProxies, logger, now, newId } = options;
  const { subjects, audit } = directory;
  const { login, secondFactor, passwordReset } = logins;
  const app = createListener({
    name: 'access',
    logger,
    newRequestId: newId,
    renderError: renderAccessError,
    trustedProxies,
  });
  const verify = createAuthenticate({ ...core.rules, isRevoked: core.isRevoked });
  const admission = createAccessAdmission({
    authenticate: async (request: FastifyRequest) => (await verify(request)).principal,
    multiTenant,
    tenantStatus,
    subjects,
    audit,
    refusals: createFailureLimiter({ now }),
    serviceKey: options.serviceKey ?? deriveServiceKey(encryptionKey),
  });
  registerRoutes(app, routes, admission);
  mountAuthorization(app, {
    store,
    issuer,
    multiTenant,
    cookieKey: deriveKey(encryptionKey, 'cookie-signing').toString('base64url'),
    trustsProxy: trustedProxies.length > 0,
    login: { login, secondFactor },
    offersPasswordReset: passwordReset.available,
    beginners: createFailureLimiter({ now, failuresMax: 300, what: 'logins begun from this address' }),
    onBegun: core.housekeeping.visit,
    now,
  });
  mountPasswordReset(app, passwordReset);
  return app;
}
