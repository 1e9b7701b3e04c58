import type { Migration } from '../../postgres/migration.js';

/** Who accounts belong to and the instruments on them (ledger-api §9.1, §9.2), and asset rates (§4.5). */
export const holders: Migration = {
  id: '0003_holders',
  sql: /* sql */ `
create table asset_rate (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  external_id uuid not null,
  from_code text not null,
  to_code text not null,
  rate bigint not null check (rate <> 0),
  scale integer not null default 0 check (scale >= 0),
  source text,
  ttl_seconds integer not null default 0,
  effective_at timestamptz,
  expiration_at timestamptz,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create unique index asset_rate_pair on asset_rate (ledger_id, from_code, to_code);
create index asset_rate_from on asset_rate (ledger_id, from_code, id);
create index asset_rate_external on asset_rate (ledger_id, external_id);

create table holder (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  type text not null check (type in ('NATURAL_PERSON', 'LEGAL_PERSON')),
  name text not null,
  document text not null,
  external_id text,
  addresses jsonb,
  contact jsonb,
  natural_person jsonb,
  legal_person jsonb,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create unique index holder_document_live on holder (organization_id, document) where deleted_at is null;
create index holder_organization on holder (organization_id, id);

-- No foreign key to holder: a hard delete of a holder leaves the deleted instruments that it once had.
create table instrument (
  id uuid primary key,
  organization_id uuid not null references organization (id),
  ledger_id uuid not null references ledger (id),
  holder_id uuid not null,
  account_id uuid not null references account (id),
  document text not null,
  type text not null,
  banking_details jsonb,
  regulatory_fields jsonb,
  related_parties jsonb not null default '[]',
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create unique index instrument_account_live on instrument (account_id) where deleted_at is null;
create index instrument_organization on instrument (organization_id, id);
create index instrument_holder on instrument (holder_id, id);

create index account_holder on account (holder_id) where holder_id is not null;

-- Remembered creates of holders (scope: organization) and instruments (scope: holder); the kind is part of the hash.
create table record_key (
  scope_id uuid not null,
  key_hash bytea not null,
  expires_at timestamptz not null,
  -- json, not jsonb: a replay must be the first answer letter by letter
  first_answer json,
  primary key (scope_id, key_hash)
);
create index record_key_expiry on record_key (expires_at);

-- Organizations that are older than holders get their own one too. The id is that of storage/self-holder.ts.
insert into holder (id, organization_id, type, name, document, created_at, updated_at, deleted_at)
select overlay(overlay(left(encode(sha256(convert_to('cofferdam self holder ' || id::text, 'UTF8')), 'hex'), 32)
         placing '8' from 13) placing '8' from 17)::uuid,
       id, 'LEGAL_PERSON', legal_name, legal_document, created_at, created_at, deleted_at
from organization;
`,
};
