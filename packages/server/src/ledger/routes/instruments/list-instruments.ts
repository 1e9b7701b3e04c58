import { type Query, readText, readUuid } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals, hasElement, memberEquals } from '../../storage/list-rows.js';
import { InstrumentView, instrumentExample, instrumentView, relatedPartyRoles } from '../../views/instrument.js';
import { readIncludeDeleted } from '../shared/deleted-query.js';
import { answerPage, flagFilter, idFilter, listErrors, pageQuery, pageSuccess, wordFilter } from '../shared/lists.js';
import { may, organizationPath, organizationScope } from '../shared/paths.js';

export const listInstruments = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${organizationPath}/instruments`,
    guard: may('instruments', 'get'),
    operationId: 'listInstruments',
    tag: 'Instruments',
    summary: 'List the instruments of an organization',
    query: pageQuery({
      holder_id: idFilter,
      account_id: idFilter,
      ledger_id: idFilter,
      document: 'Exact.',
      include_deleted: flagFilter('Deleted ones too.'),
      banking_details_branch: 'Exact.',
      banking_details_account: 'Exact.',
      banking_details_iban: 'Exact.',
      regulatory_fields_participant_document: 'Exact.',
      related_party_document: 'Exact; with related_party_role both of one party.',
      related_party_role: wordFilter(relatedPartyRoles),
    }),
    success: pageSuccess(InstrumentView, instrumentExample),
    errors: listErrors,
    handler: async (call) =>
      answerPage(deps, call, {
        table: 'instrument',
        scope: organizationScope(call.params),
        filters: readFilters(call.query),
        noneFound: 'an empty page',
        includeDeleted: readIncludeDeleted(call.query),
        view: instrumentView,
      }),
  });

function readFilters(query: Query) {
  return [
    ...equals('holder_id', readUuid(query, 'holder_id')),
    ...equals('account_id', readUuid(query, 'account_id')),
    ...equals('ledger_id', readUuid(query, 'ledger_id')),
    ...equals('document', readText(query, 'document')),
    ...memberEquals('banking_details', 'branch', readText(query, 'banking_details_branch')),
    ...memberEquals('banking_details', 'account', readText(query, 'banking_details_account')),
    ...memberEquals('banking_details', 'iban', readText(query, 'banking_details_iban')),
    ...memberEquals(
      'regulatory_fields',
      'participantDocument',
      readText(query, 'regulatory_fields_participant_document'),
    ),
    ...hasElement('related_parties', {
      document: readText(query, 'related_party_document'),
      role: readText(query, 'related_party_role'),
    }),
  ];
}
