import { createHash } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import type { InstallationNames } from '../postgres/installation.js';

export type Isolation = 'database' | 'schema';

/** Where a tenant's books are and which roles they have. Derived from ids only, never from slug or name (tenancy §3.1). */
export interface StoreNames {
  readonly database: string;
  readonly schema: string;
  /** Run time: reads and writes rows, no DDL. */
  readonly runtimeLogin: string;
  /** Member of the owner; used by migrations only. */
  readonly migratorLogin: string;
  /** Cannot log in; owns every object. */
  readonly ownerRole: string;
}

/** Schema of the books inside a database of their own. */
export const booksSchema = 'ledger';

/**
 * `t_` and 32 hex digits. UUID ids are their own digits; imported ids go through SHA-256, and the unique index on
 * `placement.runtime_login` refuses a collision.
 */
export function physicalName(tenantId: TenantId): string {
  if (/^[0-9a-f]{32}$/.test(tenantId)) return `t_${tenantId}`;
  return `t_${createHash('sha256').update(tenantId).digest('hex').slice(0, 32)}`;
}

export function tenantStoreNames(tenantId: TenantId, isolation: Isolation, names: InstallationNames): StoreNames {
  const name = physicalName(tenantId);
  return {
    database: isolation === 'database' ? name : names.sharedDatabase,
    schema: isolation === 'database' ? booksSchema : name,
    runtimeLogin: name,
    migratorLogin: `${name}_migrator`,
    ownerRole: `${name}_owner`,
  };
}

/** A tenant has two run-time logins and uses one: a rotation makes the other, and drops the one before (ADR 11). */
export function otherRuntimeLogin(login: string): string {
  return login.endsWith('_b') ? login.slice(0, -2) : `${login}_b`;
}

/** Single-tenant mode: a login of the same kind, so that the database can later be adopted as a tenant's (contract). */
export function singleStoreNames(names: InstallationNames): StoreNames {
  return {
    database: names.singleDatabase,
    schema: booksSchema,
    runtimeLogin: names.role('ledger'),
    migratorLogin: names.role('ledger_migrator'),
    ownerRole: names.role('ledger_owner'),
  };
}
