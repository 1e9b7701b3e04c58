import { LedgerError } from '@cofferdam/core';
import { stringifyJson } from '../../http/json.js';
import { changedColumns, type Description, newColumns, type Origin } from './described-columns.js';
import { type EntityRow, findLive, getLive, insertEntity, updateEntity } from './entity-rows.js';
import { recordEvent } from './record-event.js';
import { createSelfHolder } from './self-holder.js';
import type { TenantTx } from './with-tenant.js';

export interface OrganizationChange extends Description {
  readonly legalName?: string;
  /** Null changes nothing: only accounts can be cleared by null (ledger-api §16 row 16). */
  readonly doingBusinessAs?: string | null;
  readonly parentOrganizationId?: string | null;
  readonly address?: object;
}

export interface NewOrganization extends OrganizationChange {
  readonly legalName: string;
  readonly legalDocument: string;
}

/** With the holder that it is to itself. Throws 0039 for an unknown parent. */
export async function createOrganization(
  tx: TenantTx,
  origin: Origin,
  given: NewOrganization,
): Promise<EntityRow<'organization'>> {
  await refuseUnknownParent(tx, given.parentOrganizationId);
  const row = await insertEntity(tx, 'organization', {
    ...newColumns(origin, given),
    parent_organization_id: given.parentOrganizationId ?? null,
    legal_name: given.legalName,
    doing_business_as: given.doingBusinessAs ?? null,
    legal_document: given.legalDocument,
    address: addressColumn(given.address) ?? null,
  });
  await createSelfHolder(tx, row);
  await recordEvent(tx, 'organization.created', row.id);
  return row;
}

/** Throws 0007; 0091 for an organization that would be its own parent, 0039 for an unknown parent. */
export async function changeOrganization(
  tx: TenantTx,
  origin: Origin,
  id: string,
  given: OrganizationChange,
): Promise<EntityRow<'organization'>> {
  const row = await getLive(tx, 'organization', {}, id, 'update');
  if (given.parentOrganizationId === id)
    throw new LedgerError('id_cannot_be_used_as_the_parent_id', {
      detail: 'parentOrganizationId is the id of this organization itself. Give the id of another organization.',
      entityType: 'Organization',
    });
  await refuseUnknownParent(tx, given.parentOrganizationId);
  const changed = await updateEntity(tx, 'organization', id, {
    ...changedColumns(origin, row, given),
    parent_organization_id: given.parentOrganizationId ?? undefined,
    legal_name: given.legalName,
    doing_business_as: given.doingBusinessAs ?? undefined,
    address: addressColumn(given.address),
  });
  await recordEvent(tx, 'organization.updated', id);
  return changed;
}

async function refuseUnknownParent(tx: TenantTx, parentId: string | null | undefined): Promise<void> {
  if (parentId === null || parentId === undefined) return;
  if (await findLive(tx, 'organization', {}, parentId, 'share')) return;
  throw new LedgerError('parent_organization_id_not_found', {
    detail: 'parentOrganizationId is not the id of an organization. Create the parent first, or leave the member out.',
    entityType: 'Organization',
  });
}

/** An empty address is no address: it sets nothing on create and changes nothing on PATCH (ledger-api §3.4). */
function addressColumn(address: object | undefined): string | undefined {
  return address === undefined || Object.keys(address).length === 0 ? undefined : stringifyJson(address);
}
