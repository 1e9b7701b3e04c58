import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import type { InstallationNames } from '../postgres/installation.js';
import { isUniqueViolation } from '../postgres/pg-errors.js';
import type { AdminConnections } from './admin-connections.js';
import type { ControlDatabase } from './control-database.js';
import { checkSource } from './creation/books-source.js';
import type { NewTenant } from './creation/new-tenant.js';
import { reserveTenant } from './creation/reserve-tenant.js';
import { chooseSlug, isSame, type WantedTenant, wantedTenant } from './creation/wanted-tenant.js';
import type { Vault } from './credentials.js';
import type { Isolation } from './physical-names.js';
import type { SecretMaker } from './ports.js';
import type { SeedInput } from './provisioning/seed-input.js';
import { TenancyError } from './tenancy-error.js';
import { findTenant, findTenantBySlug, type TenantRecord } from './tenant-record.js';

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
  const described = wantedTenant(request, tools.defaultIsolation);
  const shortcomings = tools.secrets.passwordShortcomings(request.owner.password);
  if (shortcomings.length > 0)
    throw new TenancyError('password_policy', `owner.password needs ${shortcomings.join(', ')}.`);
  const { wanted, earlier } = await chooseSlug(tools.control.pool, request, described);
  if (earlier !== undefined) return sameOrClash(tools, earlier, wanted, actor);

  const source = await checkSource(tools, request);
  const passwordHash = await tools.secrets.hashPassword(request.owner.password);
  const tenantId = newTenantId(tools.newId);
  const application = request.application && newApplication(tools, request.application);
  const seed: SeedInput = {
    email: wanted.email,
    loginClientId: tools.secrets.newApplicationCredentials().clientId,
    passwordHash,
    ...(application === undefined ? {} : { application: application.seed }),
  };
  try {
    await tools.control.change((tx) => reserveTenant(tx, tools, { ...wanted, tenantId, seed, actor, source }));
  } catch (error) {
    if (!isUniqueViolation(error, 'tenant_slug_live')) throw error;
    const winner = await findTenantBySlug(tools.control.pool, wanted.slug);
    if (winner === undefined) throw error;
    return sameOrClash(tools, winner, wanted, actor);
  }
  const tenant = await findTenant(tools.control.pool, tenantId);
  if (tenant === undefined) throw new Error(`tenant ${tenantId} was reserved and is not there`);
  return { tenant, isNew: true, ...(application === undefined ? {} : { application: application.shown }) };
}

/** What is kept of it, and what is shown this once. */
function newApplication(
  { secrets, newId }: CreateTenantTools,
  request: NonNullable<NewTenant['application']>,
): {
  readonly seed: NonNullable<SeedInput['application']>;
  readonly shown: NonNullable<CreatedTenant['application']>;
} {
  const id = newId();
  const { clientId, clientSecret, secretHmac } = secrets.newApplicationCredentials();
  return { seed: { id, clientId, secretHmac, ...request }, shown: { id, clientId, clientSecret } };
}

function newTenantId(newId: () => string): TenantId {
  const id = canonicalTenantId(newId());
  if (id === undefined || !/^[0-9a-f]{32}$/.test(id)) throw new Error('newId must make UUIDs');
  return id;
}

async function sameOrClash(
  { control }: CreateTenantTools,
  found: TenantRecord,
  wanted: WantedTenant,
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
