import type { RouteDefinition } from '../../../http/route.js';
import type { AccessContext } from '../../access-context.js';
import type { Identity } from '../../identity/identity-context.js';
import { applicationRoutes } from './applications.js';
import { auditEventsRoute } from './audit-events.js';
import { groupRoutes } from './groups.js';
import { mfaSettingsRoutes } from './mfa.js';
import { passwordRoutes } from './passwords.js';
import { redirectUriRoutes } from './redirect-uris.js';
import { userRoutes } from './users.js';

/** The Identity API (access-manager §3): every look-up inside the tenant of the token. */
export function identityRoutes(identity: Identity): RouteDefinition<AccessContext>[] {
  return [
    ...userRoutes(identity),
    ...passwordRoutes(identity),
    ...mfaSettingsRoutes(identity),
    ...groupRoutes(identity),
    ...applicationRoutes(identity),
    ...redirectUriRoutes(identity),
    auditEventsRoute(identity),
  ];
}
