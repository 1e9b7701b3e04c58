import { type ApplicationRecord, findApplicationByClientId } from '../directory/applications.js';
import { findTenant, type TenantRecord } from '../directory/tenants.js';
import { displayNameOf, findUserById, type UserRecord } from '../directory/users.js';
import type { DirectoryTx } from '../directory/with-directory.js';
import type { TokenSubject } from '../tokens/token-issuer.js';

/** Who a token set speaks for, as the directory knows them now; the problem is one word for the audit. */
export type SubjectVerdict =
  | { readonly subject: TokenSubject; readonly application: ApplicationRecord }
  | { readonly problem: 'client_disabled_or_expired' | 'subject_gone_or_disabled' };

/** Reads user, client and tenant anew: what was right at the login may not be right any more. */
export async function findTokenSubject(
  tx: DirectoryTx,
  { kind, subject, clientId }: { kind: 'person' | 'application'; subject: string; clientId: string },
  now: Date,
): Promise<SubjectVerdict> {
  const tenant = await findTenant(tx);
  const application = await findApplicationByClientId(tx, clientId, now);
  if (tenant === undefined || application === undefined || application.unusable)
    return { problem: 'client_disabled_or_expired' };
  if (kind === 'application') return { application, subject: machineSubject(tx, tenant, application) };
  const user = await findUserById(tx, subject);
  if (user === undefined || user.disabled) return { problem: 'subject_gone_or_disabled' };
  return { application, subject: personSubject(tx, tenant, application, user) };
}

export function machineSubject(tx: Pick<DirectoryTx, 'tenantId'>, tenant: TenantRecord, client: ApplicationRecord) {
  const { clientId, name } = client;
  return { kind: 'application', subject: clientId, clientId, name, tenant: tenantOf(tx, tenant) } as const;
}

export function personSubject(
  tx: Pick<DirectoryTx, 'tenantId'>,
  tenant: TenantRecord,
  { clientId }: Pick<ApplicationRecord, 'clientId'>,
  user: UserRecord,
) {
  return {
    kind: 'person',
    subject: user.id,
    clientId,
    name: user.username,
    displayName: displayNameOf(user),
    email: user.email,
    emailVerified: user.emailVerified,
    tenant: tenantOf(tx, tenant),
  } as const;
}

function tenantOf({ tenantId }: Pick<DirectoryTx, 'tenantId'>, { slug, ownerOrganization }: TenantRecord) {
  return { id: tenantId, slug, ownerOrganization };
}
