import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { AddressInput, MetadataPatch, Nullable, StatusInput, Text, Uuid } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeOrganization } from '../../storage/organizations.js';
import { withTenant } from '../../storage/with-tenant.js';
import { OrganizationView, organizationExample, organizationView } from '../../views/organization.js';
import { ok } from '../shared/answers.js';
import { may, param } from '../shared/paths.js';

/** Without legalDocument: it is what the organization was registered under. */
const Body = Type.Object(
  {
    legalName: Type.Optional(Text(256)),
    doingBusinessAs: Type.Optional(Nullable(Text(256))),
    parentOrganizationId: Type.Optional(Nullable(Uuid())),
    address: Type.Optional(AddressInput()),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(MetadataPatch()),
  },
  { additionalProperties: false },
);

export const updateOrganization = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: '/v1/organizations/:id',
    guard: may('organizations', 'patch'),
    operationId: 'updateOrganization',
    tag: 'Organizations',
    summary: 'Change an organization',
    description: 'Members left out, empty or null stay as they are; an address is replaced as a whole.',
    body: Body,
    requestExample: { doingBusinessAs: 'Acme', metadata: { region: 'east' } },
    success: { status: 200, description: 'After the change.', schema: OrganizationView, example: organizationExample },
    errors: [
      'entity_not_found',
      'invalid_country_code',
      'id_cannot_be_used_as_the_parent_id',
      'parent_organization_id_not_found',
    ],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'id');
      return ok(organizationView(await withTenant(context, (tx) => changeOrganization(tx, deps, id, body))));
    },
  });
