import type { FastifyInstance } from 'fastify';
import type { DirectoryFeed } from '../http/directory-feed.js';
import type { PermissionSource } from '../http/principal.js';
import type { RevocationList } from '../http/revocation-list.js';
import type { RouteDefinition } from '../http/route.js';
import type { AccessContext } from './access-context.js';
import { type AccessSeeder, createAccessSeeder } from './access-seeder.js';
import { createAccessListener } from './composition/access-listener.js';
import type { AccessManagerOptions } from './composition/access-manager-options.js';
import { accessRoutes } from './composition/access-routes.js';
import { createDirectoryServices, createIdentity } from './composition/directory-services.js';
import { createLogins } from './composition/logins.js';
import { createTokenCore } from './composition/token-core.js';
import type { ClientSecrets } from './credentials/client-secrets.js';
import type { Passwords } from './credentials/passwords.js';
import { createSecretMaker, type SecretMaker } from './credentials/secret-maker.js';
import { type AccessStore, createAccessStore } from './directory/with-directory.js';
import { createAuditRetention } from './identity/audit-retention.js';
import type { KeyRing } from './keys/key-ring.js';
import type { MfaSettings } from './mfa/mfa-settings.js';
import { createLocalPermissionSource } from './permissions/local-permission-source.js';
import type { Subjects } from './permissions/subjects.js';

export type { AccessManagerOptions } from './composition/access-manager-options.js';

export interface AccessManager {
  /** Not listening yet. */
  readonly app: FastifyInstance;
  readonly routes: readonly RouteDefinition<AccessContext>[];
  readonly store: AccessStore;
  readonly keys: KeyRing;
  readonly subjects: Subjects;
  readonly passwords: Passwords;
  readonly secrets: ClientSecrets;
  /** For the routes by which a person sets second factors up. */
  readonly mfaSettings: MfaSettings;
  /** For tenant provisioning. */
  readonly secretMaker: SecretMaker;
  readonly seeder: AccessSeeder;
  /** For a ledger in the same process, as the next. */
  readonly permissions: PermissionSource;
  readonly revocations: RevocationList;
  /** Hears of changes made by other processes. */
  readonly changes: DirectoryFeed;
  /** Ends the listener, then waits until every audit event is kept. */
  close(): Promise<void>;
}

/**
 * Puts the Access Manager together. The database must have been prepared. Throws when it cannot be reached, or when the
 * signing key was sealed with another encryption key.
 */
export async function createAccessManager(options: AccessManagerOptions): Promise<AccessManager> {
  const { multiTenant, logger, now, newId } = options;
  const store = createAccessStore(options.pool);
  const core = await createTokenCore(store, options);
  const directory = createDirectoryServices(store, core, options);
  const logins = createLogins(store, core, directory, options);
  const identity = createIdentity(store, directory, options);
  const routes = accessRoutes({ store, keys: core.keys, logins, identity }, options);
  const app = createAccessListener(routes, { store, core, directory, logins }, options);
  const retention = createAuditRetention({
    store,
    days: options.auditRetentionDays ?? 365,
    now,
    onError: (error) => logger.warn({ err: error }, 'old audit events could not be removed'),
  });

  const { keys, revocations, housekeeping } = core;
  const { subjects, changes, passwords, secrets, mfaSettings, audit } = directory;
  for (const part of [revocations, changes, retention]) part.start();
  return Object.freeze({
    app,
    revocations,
    changes,
    routes,
    store,
    keys,
    subjects,
    passwords,
    secrets,
    secretMaker: createSecretMaker(passwords, secrets),
    mfaSettings,
    seeder: createAccessSeeder({ store, now, newId, subjects }),
    permissions: createLocalPermissionSource(subjects, { multiTenant }),
    async close() {
      await app.close();
      for (const part of [revocations, changes, retention]) await part.stop();
      for (const part of [logins.passwordReset, audit, housekeeping]) await part.settled();
    },
  });
}
