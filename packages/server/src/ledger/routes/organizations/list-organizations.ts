import { invalidQueryParameter, readMetadataFilter, readOneOf, readText } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals, startsWith } from '../../storage/list-rows.js';
import { OrganizationView, organizationExample, organizationView } from '../../views/organization.js';
import { answerPage, listErrors, pageQuery, pageSuccess, wordFilter } from '../shared/lists.js';
import { may } from '../shared/paths.js';

export const listOrganizations = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: '/v1/organizations',
    guard: may('organizations', 'get'),
    operationId: 'listOrganizations',
    tag: 'Organizations',
    summary: 'List organizations',
    query: pageQuery({
      legal_name: 'Case-insensitive prefix. Not together with a metadata filter.',
      doing_business_as: 'Case-insensitive prefix. Not together with a metadata filter.',
      legal_document: 'Exact.',
      status: wordFilter(['ACTIVE', 'INACTIVE']),
    }),
    success: pageSuccess(OrganizationView, organizationExample),
    errors: [...listErrors, 'no_organizations_found'],
    handler: (call) => {
      const { query } = call;
      const legalName = readText(query, 'legal_name');
      const doingBusinessAs = readText(query, 'doing_business_as');
      if ((legalName ?? doingBusinessAs) !== undefined && readMetadataFilter(query))
        throw invalidQueryParameter('metadata', 'left out when legal_name or doing_business_as is given');
      return answerPage(deps, call, {
        table: 'organization',
        scope: {},
        filters: [
          ...startsWith('legal_name', legalName),
          ...startsWith('doing_business_as', doingBusinessAs),
          ...equals('legal_document', readText(query, 'legal_document')),
          ...equals('status_code', readOneOf(query, 'status', ['ACTIVE', 'INACTIVE'])),
        ],
        noneFound: 'no_organizations_found',
        view: organizationView,
      });
    },
  });
