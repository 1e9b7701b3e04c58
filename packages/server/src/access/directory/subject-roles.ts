import { isRoleName, type RoleName, roleOfApplication } from '../permissions/roles.js';
import { findApplicationByClientId } from './applications.js';
import { findTenant } from './tenants.js';
import { findUserById } from './users.js';
import type { DirectoryTx } from './with-directory.js';

export interface Subject {
  readonly kind: 'person' | 'application';
  /** User id, or client id. */
  readonly subject: string;
}

export interface SubjectRoles {
  /** The tenant's organization: persons are also called `<owner>/<subject>`. */
  readonly owner: string;
  /** Empty: known, may do nothing. */
  readonly roles: readonly RoleName[];
}

/** Undefined when the subject is unknown here, disabled or expired: it may do nothing at all. */
export async function findSubjectRoles(
  tx: DirectoryTx,
  { kind, subject }: Subject,
  now: Date,
): Promise<SubjectRoles | undefined> {
  const tenant = await findTenant(tx);
  if (tenant === undefined) return undefined;
  const owner = tenant.ownerOrganization;
  if (kind === 'application') {
    const application = await findApplicationByClientId(tx, subject, now);
    if (application === undefined || application.unusable) return undefined;
    return { owner, roles: application.role === null ? [] : [roleOfApplication(application.role)] };
  }
  const user = await findUserById(tx, subject);
  if (user === undefined || user.disabled) return undefined;
  return { owner, roles: [...(await listRolesOfUser(tx, subject)), 'person-role'] };
}

/** A role name that this program does not know (written by a newer one) reaches nothing. */
async function listRolesOfUser({ db, tenantId }: DirectoryTx, userId: string): Promise<RoleName[]> {
  const rows = await db
    .selectFrom('user_group_membership as member')
    .innerJoin('group_role', (join) =>
      join.onRef('group_role.tenant_id', '=', 'member.tenant_id').onRef('group_role.group_id', '=', 'member.group_id'),
    )
    .select('group_role.role')
    .distinct()
    .where('member.tenant_id', '=', tenantId)
    .where('member.user_id', '=', userId)
    .orderBy('group_role.role')
    .execute();
  return rows.map(({ role }) => role).filter(isRoleName);
}
