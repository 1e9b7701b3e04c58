import type { Updateable } from 'kysely';
import { AccessError } from '../access-errors.js';
import type { ApplicationRole } from '../permissions/roles.js';
import { lockClient } from './client-lock.js';
import type { DirectoryTables } from './tables.js';
import type { DirectoryTx } from './with-directory.js';

/** An application as the tenant's administrators see it: no secret, nor its hash. Instants are RFC 3339. */
export interface MachineClient {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly clientId: string;
  readonly role: ApplicationRole | null;
  readonly isSystem: boolean;
  readonly expiresAt: string | null;
  readonly disabledAt: string | null;
  readonly createdAt: string;
  readonly allowedAddresses: readonly string[];
  /** The secret before the last rotation is good until then. */
  readonly previousSecretUntil: string | null;
}

export interface NewMachineClient {
  readonly id: string;
  readonly clientId: string;
  readonly secretHmac: Buffer;
  /** The product it is for. */
  readonly name: string;
  readonly description: string;
  readonly role: ApplicationRole | null;
  readonly expiresAt: Date | null;
  readonly allowedAddresses: readonly string[];
}

export async function listMachineClients(tx: DirectoryTx): Promise<MachineClient[]> {
  return clients(tx).orderBy('created_at').orderBy('id').execute();
}

/** @throws AccessError IDE-0103 when the tenant has no such application */
export async function getMachineClient(tx: DirectoryTx, id: string): Promise<MachineClient> {
  const client = await clients(tx).where('id', '=', id).executeTakeFirst();
  if (client === undefined)
    throw new AccessError('application_not_found', { message: 'There is no application with this id.' });
  return client;
}

/**
 * For a change: locked to the end of the transaction, and no login of the client is under way.
 * @throws AccessError IDE-0103, IDE-0104 for a system application
 */
export async function lockMachineClient(tx: DirectoryTx, id: string): Promise<MachineClient> {
  await clients(tx).where('id', '=', id).forUpdate().execute();
  const client = await getMachineClient(tx, id);
  if (client.isSystem)
    throw new AccessError('system_object', {
      message: 'This application belongs to the system: people log in through it. It cannot be changed or removed.',
    });
  await lockClient(tx, client.clientId);
  return client;
}

export async function insertMachineClient(
  { db, tenantId }: DirectoryTx,
  client: NewMachineClient,
  now: Date,
): Promise<void> {
  await db
    .insertInto('application')
    .values({
      tenant_id: tenantId,
      id: client.id,
      client_id: client.clientId,
      secret_hmac: client.secretHmac,
      name: client.name,
      product: client.name,
      description: client.description,
      role: client.role,
      expires_at: client.expiresAt,
      allowed_addresses: [...client.allowedAddresses],
      created_at: now,
      updated_at: now,
    })
    .execute();
}

export async function updateMachineClient(
  { db, tenantId }: DirectoryTx,
  id: string,
  changes: Updateable<DirectoryTables['application']>,
  now: Date,
): Promise<void> {
  await db
    .updateTable('application')
    .set({ ...changes, updated_at: now })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute();
}

/** The new secret; the old one is good until `overlapUntil`, and one before that no more. */
export async function replaceSecret(
  { db, tenantId }: DirectoryTx,
  id: string,
  secretHmac: Buffer,
  overlapUntil: Date | undefined,
  now: Date,
): Promise<void> {
  await db
    .updateTable('application')
    .set(({ ref }) => ({
      secret_previous_hmac: overlapUntil === undefined ? null : ref('secret_hmac'),
      secret_previous_until: overlapUntil ?? null,
      secret_hmac: secretHmac,
      updated_at: now,
    }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute();
}

export async function deleteMachineClient({ db, tenantId }: DirectoryTx, id: string): Promise<void> {
  await db.deleteFrom('application').where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}

function clients({ db, tenantId }: DirectoryTx) {
  return db
    .selectFrom('application')
    .select([
      'id',
      'name',
      'description',
      'client_id as clientId',
      'role',
      'is_system as isSystem',
      'expires_at as expiresAt',
      'disabled_at as disabledAt',
      'created_at as createdAt',
      'allowed_addresses as allowedAddresses',
      'secret_previous_until as previousSecretUntil',
    ])
    .where('tenant_id', '=', tenantId);
}
