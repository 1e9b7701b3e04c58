import { randomBytes } from 'node:crypto';
import { type ApplicationRole, adminGroup, predefinedGroups } from '../permissions/roles.js';
import type { DirectoryTx } from './with-directory.js';

export interface DirectorySeed {
  readonly slug: string;
  readonly name: string;
  /** Becomes the first member of the admin group; the user name is the e-mail. */
  readonly owner: { readonly email: string; readonly passwordHash: string };
  /** Of the system client through which people log in; made up when absent. */
  readonly loginClientId?: string;
  readonly application?: {
    readonly id: string;
    readonly clientId: string;
    /** From credentials/client-secrets.ts. */
    readonly secretHmac: Buffer;
    readonly name: string;
    readonly role: ApplicationRole;
  };
}

/**
 * Everything a tenant starts with, as far as it is not there: organization, groups with their roles, the owner, the
 * system client through which persons log in, and the first application. Changes nothing that exists: a killed
 * provisioning repeats it.
 */
export async function seedDirectory(
  tx: DirectoryTx,
  seed: DirectorySeed,
  now: Date,
  newId: () => string,
): Promise<void> {
  const { db, tenantId } = tx;
  const { slug, name, owner, loginClientId, application } = seed;
  await db
    .insertInto('tenant_directory')
    .values({ tenant_id: tenantId, slug, name, owner_organization: slug, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await seedGroups(tx, now, newId);
  await seedOwner(tx, owner, now, newId);
  await seedApplication(tx, now, {
    id: newId(),
    client_id: loginClientId ?? randomBytes(16).toString('hex'),
    secret_hmac: null,
    name: 'console',
    role: null,
    is_system: true,
  });
  if (application !== undefined)
    await seedApplication(tx, now, {
      id: application.id,
      client_id: application.clientId,
      secret_hmac: application.secretHmac,
      name: application.name,
      role: application.role,
      is_system: false,
    });
}

async function seedGroups({ db, tenantId }: DirectoryTx, now: Date, newId: () => string): Promise<void> {
  await db
    .insertInto('user_group')
    .values(Object.keys(predefinedGroups).map((name) => ({ tenant_id: tenantId, id: newId(), name, created_at: now })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const groups = await db.selectFrom('user_group').select(['id', 'name']).where('tenant_id', '=', tenantId).execute();
  await db
    .insertInto('group_role')
    .values(
      groups.flatMap(({ id, name }) =>
        (predefinedGroups[name] ?? []).map((role) => ({ tenant_id: tenantId, group_id: id, role })),
      ),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function seedOwner(
  { db, tenantId }: DirectoryTx,
  { email, passwordHash }: DirectorySeed['owner'],
  now: Date,
  newId: () => string,
): Promise<void> {
  const added = await db
    .insertInto('app_user')
    .values({
      tenant_id: tenantId,
      id: newId(),
      username: email,
      email,
      password_hash: passwordHash,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  // Whoever exists already keeps the groups an administrator has left them.
  if (added === undefined) return;
  await db
    .insertInto('user_group_membership')
    .columns(['tenant_id', 'user_id', 'group_id'])
    .expression((from) =>
      from
        .selectFrom('user_group')
        .select(({ ref, val }) => [
          ref('tenant_id').as('tenant_id'),
          val(added.id).as('user_id'),
          ref('id').as('group_id'),
        ])
        .where('tenant_id', '=', tenantId)
        .where('name', '=', adminGroup),
    )
    .execute();
}

interface NewApplication {
  id: string;
  client_id: string;
  secret_hmac: Buffer | null;
  name: string;
  role: ApplicationRole | null;
  is_system: boolean;
}

async function seedApplication({ db, tenantId }: DirectoryTx, now: Date, application: NewApplication): Promise<void> {
  await db
    .insertInto('application')
    .values({ tenant_id: tenantId, created_at: now, updated_at: now, ...application })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
