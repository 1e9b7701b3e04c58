import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { AddressInput, Metadata, Nullable, StatusInput, Text, Uuid } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createOrganization as create } from '../../storage/organizations.js';
import { withTenant } from '../../storage/with-tenant.js';
import { OrganizationView, organizationExample, organizationView } from '../../views/organization.js';
import { created } from '../shared/answers.js';
import { may } from '../shared/paths.js';

const Body = Type.Object(
  {
    legalName: Text(256),
    legalDocument: Text(256),
    doingBusinessAs: Type.Optional(Nullable(Text(256))),
    parentOrganizationId: Type.Optional(Nullable(Uuid())),
    address: Type.Optional(AddressInput()),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(Metadata()),
  },
  { additionalProperties: false },
);

export const createOrganization = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: '/v1/organizations',
    guard: may('organizations', 'post'),
    operationId: 'createOrganization',
    tag: 'Organizations',
    summary: 'Create an organization',
    body: Body,
    requestExample: {
      legalName: 'Acme Bank',
      legalDocument: '12345678000190',
      address: organizationExample.address,
    },
    success: {
      status: 201,
      description: 'The new organization.',
      schema: OrganizationView,
      example: organizationExample,
    },
    errors: ['invalid_country_code', 'parent_organization_id_not_found'],
    handler: async ({ context, body }) =>
      created(organizationView(await withTenant(context, (tx) => create(tx, deps, body)))),
  });
