import type { TenantId } from '@cofferdam/core';
import { AccessError } from '../access-errors.js';
import type { ClientSecrets } from '../credentials/client-secrets.js';
import { type ApplicationRecord, findApplicationByClientId } from '../directory/applications.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';
import { systemTenantId } from '../reserved-tenants.js';
import type { AuditTrail } from './audit-trail.js';
import type { FailureLimiter } from './failure-limiter.js';
import { sourceOf } from './source-of.js';
import { findTenantOfLogin } from './tenant-of-login.js';

export interface ClientAuthenticationOptions {
  readonly store: AccessStore;
  readonly multiTenant: boolean;
  readonly secrets: ClientSecrets;
  /** By client and address. */
  readonly limiter: FailureLimiter;
  readonly audit: AuditTrail;
  readonly now: () => Date;
}

export interface KnownClient {
  readonly tenantId: TenantId;
  readonly application: ApplicationRecord;
}

/** @throws AccessError bad_client, AUT-0015 */
export type AuthenticateClient = (
  client: { clientId: string; clientSecret: string | undefined },
  address: string,
) => Promise<KnownClient>;

/**
 * A client that speaks for itself, without a login (RFC 6749 §2.3). One that has a secret must show it; the system client of
 * a tenant has none. Unknown, disabled and wrong answer alike.
 */
export function createClientAuthentication(options: ClientAuthenticationOptions): AuthenticateClient {
  const { store, multiTenant, secrets, limiter, audit, now } = options;
  return async ({ clientId, clientSecret }, address) => {
    const limitKey = `${clientId.slice(0, 64)}|${sourceOf(address)}`;
    limiter.check(limitKey);
    const tenantId = await findTenantOfLogin(store, clientId, multiTenant);
    const application = await withDirectory(store, tenantId ?? systemTenantId, (tx) =>
      findApplicationByClientId(tx, clientId, now()),
    );
    const matches = secrets.matches(application?.secretHmacs, clientSecret ?? '');
    const isPublic = application?.isSystem === true && clientSecret === undefined;
    if (tenantId !== undefined && application !== undefined && !application.unusable && (matches || isPublic))
      return { tenantId, application };
    limiter.countFailure(limitKey);
    if (tenantId !== undefined && application !== undefined) {
      const event = { kind: 'revocation', result: 'failed', reason: 'wrong_client_secret', address } as const;
      audit.recordLater(tenantId, { ...event, actor: clientId });
    }
    throw new AccessError('bad_client', { message: 'The client is unknown, or its secret is not right.' });
  };
}
