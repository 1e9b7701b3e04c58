import { invalidQueryParameter, readMetadataFilter, readOneOf, readText } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals, startsWith } from '../../storage/list-rows.js';
import { LedgerView, ledgerExample, ledgerView } from '../../views/ledger.js';
import { answerPage, listErrors, pageQuery, pageSuccess, wordFilter } from '../shared/lists.js';
import { may, organizationPath, organizationScope } from '../shared/paths.js';

export const listLedgers = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${organizationPath}/ledgers`,
    guard: may('ledgers', 'get'),
    operationId: 'listLedgers',
    tag: 'Ledgers',
    summary: 'List the ledgers of an organization',
    query: pageQuery({
      name: 'Case-insensitive prefix. Not together with a metadata filter.',
      status: wordFilter(['ACTIVE', 'INACTIVE']),
    }),
    success: pageSuccess(LedgerView, ledgerExample),
    errors: [...listErrors, 'no_ledgers_found'],
    handler: (call) => {
      const { query, params } = call;
      const name = readText(query, 'name');
      if (name !== undefined && readMetadataFilter(query))
        throw invalidQueryParameter('metadata', 'left out when name is given');
      return answerPage(deps, call, {
        table: 'ledger',
        scope: organizationScope(params),
        filters: [
          ...startsWith('name', name),
          ...equals('status_code', readOneOf(query, 'status', ['ACTIVE', 'INACTIVE'])),
        ],
        noneFound: 'no_ledgers_found',
        view: ledgerView,
      });
    },
  });
