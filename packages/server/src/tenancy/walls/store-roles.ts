import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral } from '../../postgres/identifiers.js';
import { scramVerifier } from '../../postgres/scram-verifier.js';
import type { StoreNames } from '../physical-names.js';
import type { Placement } from '../placement.js';

export interface StorePasswords {
  readonly runtime: string;
  readonly migrator: string;
}

export interface RoleLimits {
  /** Connections of the run-time login, over all processes. */
  readonly connections: number;
  readonly statementTimeoutMs: number;
}

export const defaultRoleLimits: RoleLimits = { connections: 100, statementTimeoutMs: 30_000 };

/** Processes that may all have as many connections to a tenant as its setting allows each of them. */
const processesAtOnce = 4;

/** As an operator has set them for a tenant (`change-connection-settings.ts`), or the defaults. */
export function roleLimitsOf(placement: Pick<Placement, 'connectionsMax' | 'statementTimeoutMs'>): RoleLimits {
  const { connections, statementTimeoutMs } = defaultRoleLimits;
  return {
    // Otherwise the first processes would take all of them, and the last one none: 503 for each of its requests.
    connections: Math.max(connections, processesAtOnce * (placement.connectionsMax ?? 0)),
    statementTimeoutMs: placement.statementTimeoutMs ?? statementTimeoutMs,
  };
}

/**
 * The three roles of a store (tenancy §3.1): owner without login, migrator as its member, run-time login with no
 * membership at all. Idempotent: existing roles get their password and limits again.
 */
export async function createStoreRoles(
  admin: pg.ClientBase | pg.Pool,
  names: StoreNames,
  passwords: StorePasswords,
  limits: RoleLimits = defaultRoleLimits,
): Promise<void> {
  const migrator = await scramVerifier(passwords.migrator);
  const owner = id(names.ownerRole);
  const path = id(names.schema);
  await admin.query(
    [
      ensureRole(names.ownerRole, 'nologin'),
      ensureRole(names.migratorLogin, 'login'),
      `alter role ${id(names.migratorLogin)} login connection limit 4 password ${quoteLiteral(migrator)}`,
      `grant ${owner} to ${id(names.migratorLogin)}`,
      grantToAdmin(names.ownerRole),
      // Not the wall, only convenience: rights are the wall, and a login may change its own settings.
      `alter role ${id(names.migratorLogin)} set search_path = ${path}`,
    ].join(';\n'),
  );
  await createRuntimeLogin(admin, names, passwords.runtime, limits);
}

/** The run-time login alone, for a rotation as well: no membership, limits set, no right on anything yet. Idempotent. */
export async function createRuntimeLogin(
  admin: pg.ClientBase | pg.Pool,
  { runtimeLogin, schema }: Pick<StoreNames, 'runtimeLogin' | 'schema'>,
  password: string,
  limits: RoleLimits = defaultRoleLimits,
): Promise<void> {
  const verifier = await scramVerifier(password);
  const login = id(runtimeLogin);
  await admin.query(
    [
      ensureRole(runtimeLogin, 'login'),
      `alter role ${login} login connection limit ${Math.trunc(limits.connections)} password ${quoteLiteral(verifier)}`,
      `alter role ${login} set search_path = ${id(schema)}`,
      `alter role ${login} set statement_timeout = ${Math.trunc(limits.statementTimeoutMs)}`,
      `alter role ${login} set idle_in_transaction_session_timeout = 60000`,
      // Said by each connection as well, except through a pooler, which takes no such options.
      `alter role ${login} set timezone = 'UTC'`,
      `alter role ${login} set datestyle = 'ISO'`,
    ].join(';\n'),
  );
}

/** Service logins of our own (readers of the control database): no membership, nothing but what is granted by name. */
export async function createServiceLogin(
  admin: pg.ClientBase | pg.Pool,
  login: string,
  password: string,
  options: { readonly connections: number; readonly searchPath: string },
): Promise<void> {
  const verifier = await scramVerifier(password);
  await admin.query(
    [
      ensureRole(login, 'login'),
      `alter role ${id(login)} login connection limit ${Math.trunc(options.connections)} password ${quoteLiteral(verifier)}`,
      `alter role ${id(login)} set search_path = ${id(options.searchPath)}`,
    ].join(';\n'),
  );
}

/**
 * All attributes are said at creation; `alter role` may not mention them, because on PostgreSQL 15 an admin who is no
 * superuser is refused even when the attribute does not change.
 */
export function ensureRole(name: string, login: 'login' | 'nologin'): string {
  return `do $do$ begin
  if not exists (select from pg_catalog.pg_roles where rolname = ${quoteLiteral(name)}) then
    create role ${id(name)} ${login} nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
  end if;
end $do$`;
}

/** An admin who is no superuser must be a member of a role to make objects that belong to it. */
export function grantToAdmin(role: string): string {
  return `do $do$ begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    execute format('grant %I to %I', ${quoteLiteral(role)}, current_user);
  end if;
end $do$`;
}
