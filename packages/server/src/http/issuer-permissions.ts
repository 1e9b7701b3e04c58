import type { ExternalRole, Permission, PermissionSource } from './principal.js';

/**
 * Callers of external issuers are judged by the role that their token brought, all others by `own`. A role that means
 * nothing here is never asked about elsewhere: a subject of another issuer may have the name of one of our users.
 */
export function createIssuerPermissions(
  own: PermissionSource,
  allows: (role: ExternalRole, permission: Permission) => boolean,
): PermissionSource {
  return Object.freeze({
    isAllowed(...[principal, permission, accessToken]: Parameters<PermissionSource['isAllowed']>) {
      const { externalRole } = principal;
      if (externalRole === undefined) return own.isAllowed(principal, permission, accessToken);
      return externalRole !== 'none' && allows(externalRole, permission);
    },
  });
}
