import { readFlag, readOneOf, readText, readUuid } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals, startsWith } from '../../storage/list-rows.js';
import { AccountView, accountExample, accountView } from '../../views/account.js';
import { answerPage, flagFilter, idFilter, listErrors, pageQuery, pageSuccess, wordFilter } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const listAccounts = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/accounts`,
    guard: may('accounts', 'get'),
    operationId: 'listAccounts',
    tag: 'Accounts',
    summary: 'List the accounts of a ledger',
    query: pageQuery({
      name: 'Case-insensitive prefix.',
      alias: 'Case-insensitive prefix.',
      type: 'Compared in lower case.',
      asset_code: 'Compared in upper case.',
      status: wordFilter(['ACTIVE', 'INACTIVE', 'BLOCKED']),
      blocked: flagFilter('Only these, or only the others.'),
      portfolio_id: idFilter,
      segment_id: idFilter,
      parent_account_id: idFilter,
      entity_id: 'Exact.',
    }),
    success: pageSuccess(AccountView, accountExample),
    errors: [...listErrors, 'no_accounts_found'],
    handler: (call) =>
      answerPage(deps, call, {
        table: 'account',
        scope: ledgerScope(call.params),
        filters: readFilters(call.query),
        noneFound: 'no_accounts_found',
        sortBy: 'created_at',
        view: accountView,
      }),
  });

function readFilters(query: Readonly<Record<string, string>>) {
  return [
    ...startsWith('name', readText(query, 'name')),
    ...startsWith('alias', readText(query, 'alias')),
    ...equals('type', readText(query, 'type')?.toLowerCase()),
    ...equals('asset_code', readText(query, 'asset_code')?.toUpperCase()),
    ...equals('status_code', readOneOf(query, 'status', ['ACTIVE', 'INACTIVE', 'BLOCKED'])),
    ...equals('blocked', readFlag(query, 'blocked')),
    ...equals('portfolio_id', readUuid(query, 'portfolio_id')),
    ...equals('segment_id', readUuid(query, 'segment_id')),
    ...equals('parent_account_id', readUuid(query, 'parent_account_id')),
    ...equals('entity_id', readText(query, 'entity_id')),
  ];
}
