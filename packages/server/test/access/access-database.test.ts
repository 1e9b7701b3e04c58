import pg from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { prepareAccessDatabase } from '../../src/access/access-database.js';
import { createAccessSeeder } from '../../src/access/access-seeder.js';
import { createClientSecrets } from '../../src/access/credentials/client-secrets.js';
import { recordChange } from '../../src/access/directory/directory-changes.js';
import { type DirectoryTx, findTenantOfClient, withDirectory } from '../../src/access/directory/with-directory.js';
import { revokeTokens } from '../../src/access/tokens/revoke-tokens.js';
import { insertRefreshToken, insertSession } from '../../src/access/tokens/session-store.js';
import { connectionSettings } from '../../src/postgres/connection-settings.js';
import { quoteIdentifier } from '../../src/postgres/identifiers.js';
import { installationNames } from '../../src/postgres/installation.js';
import { openPool } from '../../src/postgres/pool.js';
import { adminSettings, asAdmin, dropDatabase, dropRole, randomPrefix } from '../support/cluster.js';
import { statementsOf } from '../support/statements.js';
import { type AccessInstallation, createAccessInstallation, newTenantId } from './support/access-installation.js';

const tenantTables = [
  'tenant_directory',
  'app_user',
  'user_group',
  'user_group_membership',
  'group_role',
  'application',
  'audit_event',
  'login_session',
  'refresh_token',
  'revoked_token',
  'user_mfa',
  'recovery_code',
  'mfa_session',
  'remembered_device',
  'oidc_record',
  'password_reset',
  'known_source',
  'directory_change',
];

/** One row in each table that logins fill. */
async function leaveTraces({ db, tenantId }: DirectoryTx): Promise<void> {
  const { id: userId } = await db.selectFrom('app_user').select('id').executeTakeFirstOrThrow();
  const at = new Date();
  const hash = Buffer.alloc(32, tenantId);
  const row = { tenant_id: tenantId, user_id: userId, created_at: at };
  const sessionId = v7();
  await insertSession({ db, tenantId } as DirectoryTx, {
    id: sessionId,
    kind: 'person',
    subject: userId,
    clientId: 'any',
    createdAt: at,
  });
  const access = { tokenId: v7(), expiresAt: at };
  await insertRefreshToken({ db, tenantId } as DirectoryTx, { hash, sessionId, at, access });
  await revokeTokens({ db, tenantId } as DirectoryTx, [{ jti: access.tokenId, expiresAt: at }]);
  const secret = { secret_sealed: hash, destination: null, updated_at: at };
  await db
    .insertInto('user_mfa')
    .values({ ...row, kind: 'app', state: 'pending', ...secret })
    .execute();
  await db
    .insertInto('recovery_code')
    .values({ ...row, code_hmac: hash })
    .execute();
  const token = { ...row, token_hash: hash, expires_at: at };
  await db
    .insertInto('mfa_session')
    .values({ ...token, client_id: 'any', code_kind: null, code_hmac: null })
    .execute();
  await db.insertInto('remembered_device').values(token).execute();
  await db
    .insertInto('password_reset')
    .values({ ...token, email: 'owner@example.com' })
    .execute();
  const from = { tenant_id: tenantId, user_id: userId, source: '192.0.2.1', expires_at: at };
  await db.insertInto('known_source').values(from).execute();
  const record = { tenant_id: tenantId, kind: 'Session', id_hash: hash, payload: '{}', expires_at: at };
  await db.insertInto('oidc_record').values(record).execute();
  await recordChange({ db, tenantId } as DirectoryTx, { kind: 'person', subject: userId }, at);
}

describe('the access database', () => {
  let access: AccessInstallation;
  const tenantA = newTenantId();
  const tenantB = newTenantId();
  let clientA: string;
  let clientB: string;

  beforeAll(async () => {
    access = await createAccessInstallation();
    const seeder = createAccessSeeder({ store: access.store, now: () => new Date(), newId: v7 });
    const secrets = createClientSecrets(access.encryptionKey, v7);
    const application = () => ({ ...secrets.newApplicationCredentials(), name: 'same', role: 'editor' as const });
    const owner = { email: 'owner@example.com', passwordHash: 'not checked here' };
    const [ofA, ofB] = [application(), application()];
    clientA = ofA.clientId;
    clientB = ofB.clientId;
    await seeder.seed({ tenantId: tenantA, slug: 'same-words', name: 'A', owner, application: ofA });
    await seeder.seed({ tenantId: tenantB, slug: 'same-words-too', name: 'B', owner, application: ofB });
    for (const tenantId of [tenantA, tenantB]) await withDirectory(access.store, tenantId, leaveTraces);
  });

  afterAll(() => access.drop());

  it('is prepared again without a change, and fast', async () => {
    expect(await statementsOf(() => prepareAccessDatabase(access.options))).toBeLessThan(10);
  });

  it('tells the server no password, only what it keeps of one: statements may be logged', async () => {
    const names = installationNames(randomPrefix());
    const said = vi.spyOn(pg.Client.prototype, 'query');
    await prepareAccessDatabase({ ...access.options, names });
    const passwords = said.mock.calls.flatMap(([text]) => /password '([^']+)'/.exec(String(text))?.[1] ?? []);
    said.mockRestore();
    expect(passwords).toEqual([expect.stringMatching(/^SCRAM-SHA-256\$/)]);
    await dropDatabase(names.accessDatabase);
    for (const role of ['access', 'access_owner', 'access_lookup']) await dropRole(names.role(role));
  });

  it('is prepared by two starters at once', async () => {
    const names = installationNames(randomPrefix());
    const options = { ...access.options, names };
    await Promise.all([prepareAccessDatabase(options), prepareAccessDatabase(options)]);
    await dropDatabase(names.accessDatabase);
    for (const role of ['access', 'access_owner', 'access_lookup']) await dropRole(names.role(role));
  });

  it('is prepared by an administrator who is no superuser', async () => {
    const names = installationNames(randomPrefix());
    const admin = randomPrefix();
    await asAdmin((root) =>
      // Its own entry, since the public one may have been closed by another installation of this server.
      root.query(
        `create role ${quoteIdentifier(admin)} login createdb createrole password 'plain';
         grant connect on database postgres to ${quoteIdentifier(admin)}`,
      ),
    );
    const options = {
      adminSettings: connectionSettings({ ...adminSettings(), user: admin, password: 'plain' }),
      names,
      encryptionKey: access.encryptionKey,
    };
    await prepareAccessDatabase(options);
    await prepareAccessDatabase({ ...options, encryptionKey: Buffer.alloc(32, 7) });
    await dropDatabase(names.accessDatabase);
    for (const role of ['access', 'access_owner', 'access_lookup']) await dropRole(names.role(role));
    await dropRole(admin);
  });

  it.each(tenantTables)('shows nothing of %s to the service login until a tenant is named', async (table) => {
    const { rows } = await access.pool.query(`select * from ${table}`);
    expect(rows).toEqual([]);
  });

  it.each(tenantTables)('shows of %s the rows of the named tenant only', async (table) => {
    for (const tenantId of [tenantA, tenantB]) {
      const seen = await withDirectory(access.store, tenantId, ({ db }) =>
        db
          .selectFrom(table as 'app_user')
          .select('tenant_id')
          .distinct()
          .execute(),
      );
      expect(seen).toEqual([{ tenant_id: tenantId }]);
    }
  });

  it('refuses to write a row of another tenant', async () => {
    const group = { tenant_id: tenantB, id: v7(), name: 'planted', created_at: new Date() };
    const planting = withDirectory(access.store, tenantA, ({ db }) =>
      db.insertInto('user_group').values(group).execute(),
    );
    await expect(planting).rejects.toMatchObject({ code: '42501' });
  });

  it('refuses a membership that points into another tenant', async () => {
    const groupOfB = await withDirectory(access.store, tenantB, ({ db }) =>
      db.selectFrom('user_group').select('id').executeTakeFirstOrThrow(),
    );
    const planting = withDirectory(access.store, tenantA, async ({ db }) => {
      const user = await db.selectFrom('app_user').select('id').executeTakeFirstOrThrow();
      const row = { tenant_id: tenantA, user_id: user.id, group_id: groupOfB.id };
      await db.insertInto('user_group_membership').values(row).execute();
    });
    await expect(planting).rejects.toMatchObject({ code: '23503' });
  });

  it('changes or deletes nothing of another tenant, whatever the statement says', async () => {
    const changed = await withDirectory(access.store, tenantA, ({ db }) =>
      db
        .updateTable('app_user')
        .set({ password_hash: 'taken over' })
        .where('tenant_id', '=', tenantB)
        .executeTakeFirst(),
    );
    expect(changed.numUpdatedRows).toBe(0n);
    const deleted = await withDirectory(access.store, tenantA, ({ db }) =>
      db.deleteFrom('application').where('client_id', '=', clientB).executeTakeFirst(),
    );
    expect(deleted.numDeletedRows).toBe(0n);
  });

  it('leaves no tenant behind on a connection', async () => {
    for (let round = 0; round < 10; round += 1) await withDirectory(access.store, tenantA, async () => {});
    const { rows } = await access.pool.query('select * from app_user');
    expect(rows).toEqual([]);
  });

  it('tells which tenant a client belongs to, and nothing else across tenants', async () => {
    expect(await findTenantOfClient(access.store, clientA)).toBe(tenantA);
    expect(await findTenantOfClient(access.store, clientB)).toBe(tenantB);
    expect(await findTenantOfClient(access.store, 'nobody')).toBeUndefined();
  });

  it.each([
    ['audit events are changed', `update audit_event set result = 'ok'`],
    ['audit events are deleted', 'delete from audit_event'],
    ['signing keys are deleted', 'delete from signing_key'],
    ['row-level security is switched off', 'alter table app_user disable row level security'],
    ['a table is made', 'create table planted (id int)'],
    ['the schema is emptied', 'truncate app_user cascade'],
    ['migrations are forged', `insert into schema_migration (id) values ('9999')`],
  ])('refuses the service login when %s', async (_what, statement) => {
    await expect(access.pool.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('has a service login without powers, tables with forced row-level security, and no CONNECT for others', async () => {
    const { names } = access;
    await asAdmin(async (admin) => {
      const { rows: roles } = await admin.query(
        `select rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,
           (select count(*)::int from pg_auth_members where member = r.oid) as memberships
         from pg_roles r where rolname = $1`,
        [names.role('access')],
      );
      expect(roles).toEqual([
        { rolsuper: false, rolbypassrls: false, rolcreatedb: false, rolcreaterole: false, memberships: 0 },
      ]);
      const { rows: tables } = await admin.query(
        `select relname from pg_class where relnamespace = 'access'::regnamespace and relkind = 'r'
           and relrowsecurity and relforcerowsecurity order by relname`,
      );
      expect(tables.map(({ relname }) => relname)).toEqual([...tenantTables].sort());
      const { rows: access } = await admin.query(
        `select has_database_privilege('public', current_database(), 'connect') as connect`,
      );
      expect(access).toEqual([{ connect: false }]);
    }, names.accessDatabase);
  });

  it('refuses a stranger at the door', async () => {
    const stranger = randomPrefix();
    await asAdmin((admin) => admin.query(`create role ${quoteIdentifier(stranger)} login password 'plain'`));
    const settings = { ...adminSettings(), user: stranger, password: 'plain', database: access.names.accessDatabase };
    const pool = openPool(connectionSettings(settings), { max: 1, applicationName: 'stranger' });
    await expect(pool.query('select 1')).rejects.toMatchObject({ code: '42501' });
    await pool.end();
    await dropRole(stranger);
  });

  it('is emptied of a purged tenant, audit included, and of nothing else; ids stay usable elsewhere', async () => {
    const seeder = createAccessSeeder({ store: access.store, now: () => new Date(), newId: v7 });
    const tenantId = newTenantId();
    const owner = { email: 'owner@example.com', passwordHash: 'not checked here' };
    await seeder.seed({ tenantId, slug: 'gone-soon', name: 'Gone soon', owner });
    const counted = await seeder.count(tenantId);
    expect(counted.map(({ table }) => table).sort()).toEqual([...tenantTables].sort());
    expect(counted.find(({ table }) => table === 'app_user')?.rows).toBe(1);
    await seeder.purge(tenantId);
    await seeder.purge(tenantId);
    await asAdmin(async (admin) => {
      for (const table of tenantTables) {
        const { rows } = await admin.query(`select 1 from access.${table} where tenant_id = $1`, [tenantId]);
        expect(rows, table).toEqual([]);
      }
      const { rows } = await admin.query('select count(*)::int as users from access.app_user');
      expect(rows).toEqual([{ users: 2 }]);
    }, access.names.accessDatabase);
  });

  it('is seeded again without a change, after a run that was killed', async () => {
    const seeder = createAccessSeeder({ store: access.store, now: () => new Date(), newId: v7 });
    const rowsOf = () =>
      withDirectory(access.store, tenantA, async ({ db }) => [
        await db.selectFrom('app_user').selectAll().execute(),
        await db.selectFrom('user_group').selectAll().orderBy('id').execute(),
        await db.selectFrom('user_group_membership').selectAll().execute(),
        await db.selectFrom('application').selectAll().orderBy('id').execute(),
      ]);
    const before = await rowsOf();
    const owner = { email: 'OWNER@example.com', passwordHash: 'another' };
    await seeder.seed({ tenantId: tenantA, slug: 'same-words', name: 'A', owner });
    expect(await rowsOf()).toEqual(before);
  });
});
