import { createHash } from 'node:crypto';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import { stringifyJson } from '../http/json.js';
import type { ConnectionSettings } from '../postgres/connection-settings.js';
import type { InstallationNames } from '../postgres/installation.js';
import { isUniqueViolation } from '../postgres/pg-errors.js';
import { type AdminConnections, defaultServer } from './admin-connections.js';
import { checkAdoptable } from './adopt-single.js';
import type { ControlDatabase, ControlTx } from './control-database.js';
import { newPassword, type Vault } from './credentials.js';
import { beginOperation } from './operations.js';
import { type Isolation, type StoreNames, tenantStoreNames } from './physical-names.js';
import { insertPlacement } from './placement.js';
import type { ApplicationRole, SecretMaker } from './ports.js';
import { type SeedInput, sealSeed } from './provisioning/seed-input.js';
import { provisioningStepsTotal } from './provisioning/steps.js';
import { chooseServer, type PlacementWish } from './servers/choose-server.js';
import { probeGivenDatabase } from './servers/probe-database.js';
import { recordGivenServer } from './servers/record-given-server.js';
import { TenancyError } from './tenancy-error.js';
import { findTenant, findTenantBySlug, type TenantRecord } from './tenant-record.js';

export interface NewTenant {
  readonly name: string;
  readonly slug?: string;
  readonly isolation?: Isolation;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly owner: { readonly email: string; readonly password: string };
  readonly application?: { readonly name: string; readonly role: ApplicationRole };
  /** Where; by default the least full server. */
  readonly placement?: PlacementWish;
  /** An empty database that the operator brings (tenancy §3.1); its isolation is `database`. */
  readonly database?: ConnectionSettings;
  /** The books of single-tenant mode become this tenant's, where they are. */
  readonly adopt?: boolean;
}

export interface CreatedTenant {
  readonly tenant: TenantRecord;
  /** False: the same tenant had been asked for before. */
  readonly isNew: boolean;
  /** The secret is known here and nowhere else. */
  readonly application?: { readonly id: string; readonly clientId: string; readonly clientSecret: string };
}

export interface CreateTenantTools {
  readonly control: ControlDatabase;
  readonly names: InstallationNames;
  readonly vault: Vault;
  readonly secrets: SecretMaker;
  readonly newId: () => string;
  readonly defaultIsolation: Isolation;
  readonly admin: AdminConnections;
  readonly isLocal: boolean;
}

/**
 * Reserves id, slug, physical names and credentials in one transaction; provisioning does the rest. The same request
 * again (slug, name, owner, isolation) finds the tenant it made; another tenant with that slug is a clash.
 * @throws TenancyError password_policy, slug_taken, no_server, database_unfit, nothing_to_adopt
 */
export async function createTenant(
  tools: CreateTenantTools,
  request: NewTenant,
  actor: string,
): Promise<CreatedTenant> {
  const described = describe(tools, request);
  const shortcomings = tools.secrets.passwordShortcomings(request.owner.password);
  if (shortcomings.length > 0)
    throw new TenancyError('password_policy', `owner.password needs ${shortcomings.join(', ')}.`);
  const { wanted, earlier } = await chooseSlug(tools, request, described);
  if (earlier !== undefined) return sameOrClash(tools, earlier, wanted, actor);

  const source = await prepareSource(tools, request);
  const passwordHash = await tools.secrets.hashPassword(request.owner.password);
  const tenantId = newTenantId(tools.newId);
  const credentials = tools.secrets.newApplicationCredentials();
  const application =
    request.application === undefined
      ? undefined
      : { id: tools.newId(), clientId: credentials.clientId, clientSecret: credentials.clientSecret };
  const seed: SeedInput = {
    email: wanted.email,
    loginClientId: tools.secrets.newApplicationCredentials().clientId,
    passwordHash,
    ...(request.application === undefined || application === undefined
      ? {}
      : {
          application: {
            id: application.id,
            clientId: application.clientId,
            secretHmac: credentials.secretHmac,
            ...request.application,
          },
        }),
  };
  try {
    await tools.control.change((tx) => reserve(tx, tools, { ...wanted, tenantId, seed, actor, source }));
  } catch (error) {
    if (!isUniqueViolation(error, 'tenant_slug_live')) throw error;
    const winner = await findTenantBySlug(tools.control.pool, wanted.slug);
    if (winner === undefined) throw error;
    return sameOrClash(tools, winner, wanted, actor);
  }
  const tenant = await findTenant(tools.control.pool, tenantId);
  if (tenant === undefined) throw new Error(`tenant ${tenantId} was reserved and is not there`);
  return { tenant, isNew: true, ...(application === undefined ? {} : { application }) };
}

/** Where the books come from. */
type Source =
  | { readonly origin: 'created'; readonly wish: PlacementWish }
  | { readonly origin: 'given'; readonly settings: ConnectionSettings; readonly systemIdentifier: string }
  | { readonly origin: 'adopted' };

/** What is brought is looked at before anything is written down. */
async function prepareSource(tools: CreateTenantTools, request: NewTenant): Promise<Source> {
  const { database, adopt, placement = {}, isolation } = request;
  const brought = database !== undefined || adopt === true;
  if (brought && isolation === 'schema')
    throw new TenancyError(
      'invalid_request',
      'A database that is brought or adopted is a tenant’s own: isolation must be database.',
    );
  if (brought && (request.placement !== undefined || (database !== undefined && adopt === true)))
    throw new TenancyError(
      'invalid_request',
      'Send one of placement, database and adopt: each says where the books are.',
    );
  if (database !== undefined)
    return { origin: 'given', settings: database, systemIdentifier: await probeGivenDatabase(tools, database) };
  if (adopt !== true) return { origin: 'created', wish: placement };
  await checkAdoptable(tools, await tools.admin.server(defaultServer));
  return { origin: 'adopted' };
}

interface Wanted {
  readonly slug: string;
  readonly name: string;
  readonly email: string;
  readonly isolation: Isolation;
  readonly metadata: Readonly<Record<string, unknown>>;
}

function describe({ defaultIsolation }: CreateTenantTools, request: NewTenant): Wanted {
  return {
    slug: request.slug ?? slugOf(request.name),
    name: request.name,
    email: request.owner.email.trim().toLowerCase(),
    isolation: request.database !== undefined || request.adopt ? 'database' : (request.isolation ?? defaultIsolation),
    metadata: request.metadata ?? {},
  };
}

/**
 * The slug asked for; without one, a slug out of the name, or, where another tenant of that name has it, one that adds a
 * mark of the owner: the same request always comes to the same slug.
 */
async function chooseSlug(
  { control }: CreateTenantTools,
  request: NewTenant,
  wanted: Wanted,
): Promise<{ wanted: Wanted; earlier: TenantRecord | undefined }> {
  const earlier = await findTenantBySlug(control.pool, wanted.slug);
  if (earlier === undefined || request.slug !== undefined || isSame(earlier, wanted)) return { wanted, earlier };
  const mark = createHash('sha256')
    .update(`${wanted.email} ${wanted.isolation} ${wanted.name}`)
    .digest('hex')
    .slice(0, 8);
  const marked = { ...wanted, slug: `${wanted.slug}-${mark}` };
  return { wanted: marked, earlier: await findTenantBySlug(control.pool, marked.slug) };
}

function isSame(found: TenantRecord, wanted: Wanted): boolean {
  return (
    found.name === wanted.name &&
    found.ownerEmail === wanted.email &&
    found.isolation === wanted.isolation &&
    found.status !== 'deleting'
  );
}

/** A slug out of a name, always the same one; names without a single Latin letter get a short hash. */
export function slugOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 48)
    .replace(/-+$/, '');
  if (plain.length >= 2) return plain;
  return `tenant-${createHash('sha256').update(name).digest('hex').slice(0, 10)}`;
}

function newTenantId(newId: () => string): TenantId {
  const id = canonicalTenantId(newId());
  if (id === undefined || !/^[0-9a-f]{32}$/.test(id)) throw new Error('newId must make UUIDs');
  return id;
}

async function sameOrClash(
  { control }: CreateTenantTools,
  found: TenantRecord,
  wanted: Wanted,
  actor: string,
): Promise<CreatedTenant> {
  if (isSame(found, wanted)) return { tenant: found, isNew: false };
  const details = { slug: wanted.slug };
  await control.audit({ actor, action: 'tenant.create', tenantId: found.id, outcome: 'refused', details });
  throw new TenancyError(
    'slug_taken',
    `The slug ${wanted.slug} belongs to another tenant (status ${found.status}); send a slug of its own. A slug is free again when its tenant is deleted.`,
  );
}

async function reserve(
  tx: ControlTx,
  { vault, names, newId }: CreateTenantTools,
  row: Wanted & {
    readonly tenantId: TenantId;
    readonly seed: SeedInput;
    readonly actor: string;
    readonly source: Source;
  },
): Promise<void> {
  const { tenantId, seed } = row;
  const { client, at } = tx;
  // Version 0 until the feed's counter is known: asking for it last keeps other changes waiting for less long.
  await client.query(
    `insert into tenant (id, slug, name, isolation, status, metadata, owner_email, login_client_id,
                         application_id, application_client_id, version, created_at, updated_at)
     values ($1, $2, $3, $4, 'provisioning', $5, $6, $7, $8, $9, 0, $10, $10)`,
    [
      tenantId,
      row.slug,
      row.name,
      row.isolation,
      stringifyJson(row.metadata),
      row.email,
      seed.loginClientId,
      seed.application?.id ?? null,
      seed.application?.clientId ?? null,
      at,
    ],
  );
  await client.query(
    `insert into association (tenant_id, service, status, created_at, updated_at)
     values ($1, 'ledger', 'provisioning', $2, $2)`,
    [tenantId, at],
  );
  await client.query('insert into provisioning (tenant_id, input, started_at, updated_at) values ($1, $2, $3, $3)', [
    tenantId,
    sealSeed(vault, tenantId, seed),
    at,
  ]);
  await beginOperation(client, {
    id: newId(),
    kind: row.source.origin === 'adopted' ? 'tenant.adopt' : 'tenant.provision',
    tenantId,
    actor: row.actor,
    total: provisioningStepsTotal,
    at,
  });
  await tx.audit({
    actor: row.actor,
    action: 'tenant.create',
    tenantId,
    outcome: 'done',
    details: {
      slug: row.slug,
      isolation: row.isolation,
      books: row.source.origin,
      application: seed.application?.clientId ?? null,
    },
  });
  const version = await tx.nextVersion();
  await client.query('update tenant set version = $2 where id = $1', [tenantId, version]);
  const placement = {
    serverId: await serverOf(tx, vault, tenantId, row.source, version),
    store: storeOf(row, names),
    runtimeCredential: vault.seal(tenantId, 'runtime-login', newPassword()),
    migratorCredential: vault.seal(tenantId, 'migrator-login', newPassword()),
    configVersion: version,
    origin: row.source.origin,
  };
  await insertPlacement(client, tenantId, placement, at);
}

function serverOf(
  tx: ControlTx,
  vault: Vault,
  tenantId: TenantId,
  source: Source,
  version: number,
): Promise<string> | string {
  if (source.origin === 'created') return chooseServer(tx.client, source.wish);
  if (source.origin === 'adopted') return defaultServer;
  return recordGivenServer(tx, vault, { tenantId, version, ...source });
}

/** Roles are always the tenant's own; a database that was there keeps its name. */
function storeOf(
  { tenantId, isolation, source }: { tenantId: TenantId; isolation: Isolation; source: Source },
  names: InstallationNames,
): StoreNames {
  const store = tenantStoreNames(tenantId, isolation, names);
  if (source.origin === 'given') return { ...store, database: source.settings.database };
  if (source.origin === 'adopted') return { ...store, database: names.singleDatabase };
  return store;
}
