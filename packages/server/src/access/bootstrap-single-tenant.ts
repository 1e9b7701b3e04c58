import { randomBytes } from 'node:crypto';
import type { ClientSecrets } from './credentials/client-secrets.js';
import { passwordShortcomings } from './credentials/password-policy.js';
import type { Passwords } from './credentials/passwords.js';
import { insertAuditEvent } from './directory/audit-events.js';
import { recordChange } from './directory/directory-changes.js';
import { seedDirectory } from './directory/seed-directory.js';
import { findTenant } from './directory/tenants.js';
import { findUserByUsername } from './directory/users.js';
import { type AccessStore, type DirectoryTx, withDirectory } from './directory/with-directory.js';
import { singleTenantId } from './reserved-tenants.js';
import { endSessionsOfClient, endSessionsOfPerson } from './tokens/end-sessions.js';

/** In the clear, this once. For a file of mode 0600, never for a log. */
export interface BootstrapSecrets {
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface BootstrapOptions {
  readonly store: AccessStore;
  readonly passwords: Passwords;
  readonly secrets: ClientSecrets;
  readonly now: () => Date;
  readonly newId: () => string;
  /**
   * Keeps the secrets (the cli writes the file). Called before the commit: if it fails nothing was made, and a crash
   * right after it leaves a file that the next start writes again.
   */
  readonly keep: (secrets: BootstrapSecrets) => Promise<void>;
  /** Make password and application anew: `cofferdam access bootstrap`. */
  readonly anew?: boolean;
}

const username = 'admin@localhost';
const applicationName = 'bootstrap';

/**
 * Single-tenant mode with auth on: an administrator and an editor application, made the first time (contract, "Single-
 * tenant with auth on"). Undefined when they exist. With `anew` the administrator gets a new password and the bootstrap
 * application is replaced; the old secret and password stop working at once.
 */
export async function bootstrapSingleTenant(options: BootstrapOptions): Promise<BootstrapSecrets | undefined> {
  const { store, passwords, secrets, now, newId, keep, anew = false } = options;
  const exists = (tx: DirectoryTx) => findTenant(tx).then((tenant) => tenant !== undefined);
  if (!anew && (await withDirectory(store, singleTenantId, exists))) return undefined;

  const password = newPassword();
  const passwordHash = await passwords.hash(password);
  const { clientSecret, ...application } = secrets.newApplicationCredentials();
  const made = { username, password, clientId: application.clientId, clientSecret };

  return withDirectory(store, singleTenantId, async (tx) => {
    const at = now();
    if (!anew) {
      // Of two starters the second waits here for the first, and then makes nothing.
      const first = await tx.db
        .insertInto('tenant_directory')
        .values({
          tenant_id: singleTenantId,
          slug: 'default',
          name: 'Default',
          owner_organization: 'default',
          created_at: at,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('tenant_id')
        .executeTakeFirst();
      if (first === undefined) return undefined;
    }
    const gone = await tx.db
      .deleteFrom('application')
      .where('tenant_id', '=', singleTenantId)
      .where('name', '=', applicationName)
      .returning('client_id')
      .execute();
    await seedDirectory(
      tx,
      {
        slug: 'default',
        name: 'Default',
        owner: { email: username, passwordHash },
        application: { ...application, name: applicationName, role: 'editor' },
      },
      at,
      newId,
    );
    await tx.db
      .updateTable('app_user')
      .set({ password_hash: passwordHash, disabled_at: null, updated_at: at })
      .where('tenant_id', '=', singleTenantId)
      .where('username', '=', username)
      .execute();
    await insertAuditEvent(tx, newId(), at, { kind: 'directory', result: 'ok', reason: anew ? 'made_anew' : 'made' });
    if (anew) await lockOut(tx, { clientIds: gone.map((row) => row.client_id), at, newId });
    await keep(made);
    return made;
  });
}

/**
 * What the old password and secret opened: logins and tokens end in every process, and a second factor that is lost with the
 * password goes too.
 */
async function lockOut(
  tx: DirectoryTx,
  { clientIds, at, newId }: { clientIds: readonly string[]; at: Date; newId: () => string },
): Promise<void> {
  const user = await findUserByUsername(tx, username);
  if (user === undefined) return;
  await tx.db.deleteFrom('user_mfa').where('tenant_id', '=', tx.tenantId).where('user_id', '=', user.id).execute();
  await endSessionsOfPerson(tx, user.id, 'password_changed', at);
  for (const clientId of clientIds)
    await endSessionsOfClient(tx, clientId, { reason: 'revoked', id: newId(), now: at });
  for (const subject of clientIds) await recordChange(tx, { kind: 'application', subject }, at);
  await recordChange(tx, { kind: 'person', subject: user.id }, at);
}

/** 192 random bits in a form that the policy accepts. */
function newPassword(): string {
  for (;;) {
    const password = `${randomBytes(24).toString('base64url')}!`;
    if (passwordShortcomings(password).length === 0) return password;
  }
}
