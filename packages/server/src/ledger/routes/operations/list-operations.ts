import { Type } from 'typebox';
import { readOneOf, readText, readUuid } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals, type Filter, listByCursor } from '../../storage/list-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { OperationView, operationExample, operationView } from '../../views/operation.js';
import { cursorAnswer } from '../shared/cursor-answer.js';
import { cursorQuery, cursorSuccess, idFilter, listErrors, metadataQuery, wordFilter } from '../shared/lists.js';
import { may, param } from '../shared/paths.js';
import { readPostingList } from '../shared/posting-lists.js';
import { answerOneOperation } from './get-operation.js';
import { type Family, familyNote, ledgerPathOf, operationIdOf } from './path-family.js';

const types = ['DEBIT', 'CREDIT', 'ON_HOLD', 'RELEASE', 'BLOCK', 'UNBLOCK', 'OVERDRAFT'] as const;

const listed = cursorSuccess(OperationView, operationExample);

/** Older clients ask the list for one operation and expect the object itself (ledger-api §15.1 row 2). */
const oneOfThem = {
  operationId: Type.String({ format: 'uuid', description: 'The answer is this operation itself, no list.' }),
  transactionId: Type.String({ format: 'uuid', description: 'With operationId: it must be of this transaction.' }),
};

export const listOperations = (deps: LedgerDeps, family: Family) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPathOf(family)}/accounts/:account_id/operations`,
    guard: may('operations', 'get'),
    operationId: operationIdOf('listOperations', family),
    tag: 'Operations',
    summary: 'List the operations of an account',
    description: `Without dates: the last months up to today, as the server is configured.${familyNote(family)}`,
    query: cursorQuery({
      type: wordFilter(types),
      direction: wordFilter(['debit', 'credit']),
      route_id: idFilter,
      route_code: 'Exact match.',
      ...metadataQuery,
      ...(family === 'unversioned' && oneOfThem),
    }),
    success: family === 'v1' ? listed : { ...listed, schema: Type.Union([listed.schema, OperationView]) },
    errors: [...listErrors, 'no_operations_found', ...(family === 'v1' ? [] : (['entity_not_found'] as const))],
    handler: async (call) => {
      const { context, params, query } = call;
      const accountId = param(params, 'account_id');
      const one = family === 'unversioned' ? readUuid(query, 'operationId') : undefined;
      if (one !== undefined) return answerOneOperation(call, one, readUuid(query, 'transactionId'));
      const list = readPostingList(deps, query, 'no_operations_found');
      const scope = {
        organization_id: param(params, 'organization_id'),
        ledger_id: param(params, 'ledger_id'),
        account_id: accountId,
      };
      const filters = readFilters(query);
      const page = await readTenant(context, (tx) => listByCursor(tx, { ...list, table: 'operation', scope, filters }));
      return cursorAnswer(page, list.limit, operationView);
    },
  });

function readFilters(query: Readonly<Record<string, string>>): Filter[] {
  return [
    ...equals('type', readOneOf(query, 'type', types)),
    ...equals('direction', readOneOf(query, 'direction', ['debit', 'credit'] as const)),
    ...equals('route_id', readUuid(query, 'route_id')),
    ...equals('route_code', readText(query, 'route_code')),
  ];
}
