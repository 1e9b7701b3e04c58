import { createHash } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import type { ConnectionSettings, TlsSettings } from '../postgres/connection-settings.js';
import type { PrimaryAddress } from '../postgres/primary-address.js';
import type { AssociationStatus } from './associations.js';
import { type Catalogue, type CatalogueOptions, type CatalogueRow, createCatalogue } from './catalogue-reader.js';
import type { Vault } from './credentials.js';
import type { TenantQuotas } from './quotas.js';
import { runtimeSettings } from './runtime-settings.js';
import { addressesOf, type Replica } from './servers/server-record.js';
import type { TenantStatus } from './tenant-record.js';

/** What a ledger process knows of a tenant. */
export interface TenantConfig extends CatalogueRow {
  readonly slug: string;
  readonly status: TenantStatus;
  /** Of the service `ledger`; null: not associated. */
  readonly associationStatus: AssociationStatus | null;
  /** Grows when the connection changes. */
  readonly configVersion: number;
  /** Id of the last migration of its books. */
  readonly schemaVersion: string | null;
  /** Id of the last contract migration of its books, which builds before that one cannot work with. */
  readonly contractVersion: string | null;
  /** Undefined: none. */
  readonly quotas?: TenantQuotas | undefined;
  /** Its books are changing their place: requests wait (`hold.ts`). */
  readonly held: boolean;
  /** Undefined before provisioning has got that far and after the purge. */
  readonly store: TenantStore | undefined;
}

export interface TenantStore {
  readonly settings: ConnectionSettings;
  readonly schema: string;
  /** Null: the process's own default. */
  readonly connectionsMax: number | null;
  /** Of these, kept while unused; null: all. */
  readonly connectionsIdle: number | null;
  /** Where reads may go; empty unless the tenant's setting is `readFrom: replica`. */
  readonly replicas: readonly Replica[];
  /** Of all that a connection is made with, password included. */
  readonly fingerprint: string;
}

interface Raw {
  id: TenantId;
  slug: string;
  status: TenantStatus;
  association_status: AssociationStatus | null;
  version: number;
  config_version: number | null;
  schema_version: string | null;
  contract_version: string | null;
  host: string | null;
  port: number;
  tls: TlsSettings | null;
  database_name: string;
  schema_name: string;
  runtime_login: string;
  runtime_credential: string | null;
  connections_max: number | null;
  connections_idle: number | null;
  statement_timeout_ms: number | null;
  read_from: 'primary' | 'replica' | null;
  replicas: readonly Replica[] | null;
  quotas: Record<string, unknown>;
  held: boolean;
}

/**
 * How a ledger process is seen on the control database; the id of the last migration that it knows follows, and `#` with its
 * process id: several of one machine are several.
 */
export const ledgerProcessName = 'cofferdam ledger';

export interface LedgerCatalogueOptions extends Omit<CatalogueOptions, 'applicationName'> {
  readonly vault: Vault;
  /** Id of the last migration that this build knows. */
  readonly build: string | undefined;
  /** Of the operating system. */
  readonly processId?: number;
  /** Poolers in transaction mode to go through, by the `host:port` of the server behind. */
  readonly poolers?: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
}

/** The catalogue of a ledger process (`ledgerReader` of `prepareServer`, or `CONTROL_DATABASE_URL`). */
export function createLedgerCatalogue(options: LedgerCatalogueOptions): Catalogue<TenantConfig> {
  const mark = options.processId === undefined ? '' : ` #${options.processId}`;
  const applicationName = `${ledgerProcessName} ${options.build ?? ''}${mark}`;
  const addressesBy = rememberAddresses();
  return createCatalogue<Raw, TenantConfig>(
    { ...options, applicationName },
    {
      name: 'ledger_tenant',
      readRow: (raw) =>
        Object.freeze({
          id: raw.id,
          slug: raw.slug,
          status: raw.status,
          associationStatus: raw.association_status,
          version: raw.version,
          configVersion: raw.config_version ?? 0,
          schemaVersion: raw.schema_version,
          contractVersion: raw.contract_version,
          quotas: readQuotas(raw.quotas),
          held: raw.held,
          store: readStore(raw, options, addressesBy),
        }),
    },
  );
}

/** jsonb arrives as `type-parsers.ts` says: a number may be one that keeps its digits. */
function readQuotas(raw: Record<string, unknown>): TenantQuotas | undefined {
  const entries = Object.entries(raw).map(([name, value]) => [name, Number(value)] as const);
  return entries.length === 0 ? undefined : Object.freeze(Object.fromEntries(entries));
}

/** One for all tenants of a server: the first that finds the primary elsewhere has found it for all. */
function rememberAddresses(): (raw: Raw) => PrimaryAddress | undefined {
  const byText = new Map<string, PrimaryAddress>();
  return ({ host, port, replicas }) => {
    if (host === null || replicas === null || replicas.length === 0) return undefined;
    const text = JSON.stringify([host, port, replicas]);
    const known = byText.get(text) ?? addressesOf({ host, port }, replicas);
    if (known !== undefined) byText.set(text, known);
    return known;
  };
}

function readStore(
  raw: Raw,
  { vault, poolers }: LedgerCatalogueOptions,
  addressesBy: (raw: Raw) => PrimaryAddress | undefined,
): TenantStore | undefined {
  if (raw.host === null || raw.runtime_credential === null) return undefined;
  const pooler = poolers?.get(`${raw.host}:${raw.port}`);
  // Which server stands behind a pooler is the pooler's affair.
  const addresses = pooler === undefined ? addressesBy(raw) : undefined;
  const server = {
    host: pooler?.host ?? raw.host,
    port: pooler?.port ?? raw.port,
    ...(pooler === undefined ? {} : ({ pooler: true } as const)),
    ...(addresses === undefined ? {} : { addresses }),
    ...(raw.tls === null ? {} : { ssl: raw.tls }),
  };
  const settings = runtimeSettings(vault, raw.id, server, {
    database: raw.database_name,
    runtimeLogin: raw.runtime_login,
    runtimeCredential: raw.runtime_credential,
  });
  const { host, port, database, user, password, ssl } = settings;
  const place = [host, port, ...(addresses?.all.slice(1) ?? []), database, user, password, ssl ?? null];
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([...place, raw.schema_name, ...settingsOf(raw)]))
    .digest('base64url');
  return Object.freeze({
    settings,
    schema: raw.schema_name,
    connectionsMax: raw.connections_max,
    connectionsIdle: raw.connections_idle,
    replicas: raw.read_from === 'replica' ? (raw.replicas ?? []) : [],
    fingerprint,
  });
}

/** The statement timeout is an attribute of the login: it takes effect with new connections only. */
const settingsOf = (raw: Raw) => [raw.connections_max, raw.connections_idle, raw.statement_timeout_ms];

/** What the Access Manager knows of a tenant: no placement, no credential. */
export interface DirectoryTenant extends CatalogueRow {
  readonly slug: string;
  readonly name: string;
  readonly status: TenantStatus;
}

/** The catalogue of an Access Manager (`accessReader` of `prepareServer`, or `CONTROL_DATABASE_URL`). */
export function createAccessCatalogue(options: CatalogueOptions): Catalogue<DirectoryTenant> {
  return createCatalogue<DirectoryTenant, DirectoryTenant>(options, {
    name: 'access_tenant',
    readRow: ({ id, version, slug, name, status }) => Object.freeze({ id, version, slug, name, status }),
  });
}
