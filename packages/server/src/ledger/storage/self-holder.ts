import { createHash } from 'node:crypto';
import { type EntityRow, insertEntity } from './entity-rows.js';
import type { TenantTx } from './with-tenant.js';

/**
 * The id of the holder that an organization is to itself (ledger-api §4.1): a UUID of version 8 made of the
 * organization's id. The migration `0003_holders` makes the same for organizations that were there before.
 */
export function selfHolderId(organizationId: string): string {
  const hash = createHash('sha256').update(`cofferdam self holder ${organizationId}`).digest('hex');
  const [a, b, c, d, e] = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    hash.slice(13, 16),
    hash.slice(17, 20),
    hash.slice(20, 32),
  ];
  return `${a}-${b}-8${c}-8${d}-${e}`;
}

/** In the commit that makes the organization. */
export async function createSelfHolder(tx: TenantTx, organization: EntityRow<'organization'>): Promise<void> {
  await insertEntity(tx, 'holder', {
    id: selfHolderId(organization.id),
    organization_id: organization.id,
    type: 'LEGAL_PERSON',
    name: organization.legal_name,
    document: organization.legal_document,
    external_id: null,
    addresses: null,
    contact: null,
    natural_person: null,
    legal_person: null,
    metadata: '{}',
    created_at: organization.created_at,
    updated_at: organization.updated_at,
    deleted_at: null,
  });
}
