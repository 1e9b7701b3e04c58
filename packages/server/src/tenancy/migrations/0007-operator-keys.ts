import type { Migration } from '../../postgres/migration.js';

/** Named operators of the Tenant Manager, each with a key of its own (ADR 19). */
export const operatorKeys: Migration = {
  id: '0007_operator_keys',
  sql: /* sql */ `
create table operator_key (
  id text primary key,
  name text not null check (name ~ '^[a-z][a-z0-9._-]{0,62}$'),
  role text not null check (role in ('read-only', 'operate')),
  -- SHA-256 of a key of 256 random bits: there is nothing to guess that a slow hash would slow down
  key_hash bytea not null unique check (octet_length(key_hash) = 32),
  created_at timestamptz not null,
  created_by text not null,
  revoked_at timestamptz,
  revoked_by text
);
-- One key a person; revoked ones stay, so that the audit can be read.
create unique index operator_key_live on operator_key (name) where revoked_at is null;
`,
};
