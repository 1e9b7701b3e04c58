import { LedgerError, parseUuid } from '@cofferdam/core';
import { type TSchema, Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals } from '../../storage/list-rows.js';
import { AccountView, accountExample, accountView } from '../../views/account.js';
import { answerPage, listErrors, pageQuery, pageSuccess } from '../shared/lists.js';
import { may, organizationPath, param } from '../shared/paths.js';

const { properties } = pageQuery() as TSchema & { properties: Record<string, TSchema> };

export const listHolderAccounts = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${organizationPath}/holders/:id/accounts`,
    guard: may('holders', 'get'),
    operationId: 'listHolderAccounts',
    tag: 'Holders',
    summary: 'List the accounts of a holder in one ledger',
    query: Type.Object({ ledger_id: Type.String({ format: 'uuid', description: 'The ledger.' }), ...properties }),
    success: pageSuccess(AccountView, accountExample),
    errors: [...listErrors, 'missing_required_query_parameter', 'ledger_id_not_found'],
    handler: async (call) =>
      answerPage(deps, call, {
        table: 'account',
        scope: {
          organization_id: param(call.params, 'organization_id'),
          ledger_id: readLedger(call.query['ledger_id']),
        },
        filters: equals('holder_id', param(call.params, 'id')),
        noneFound: 'an empty page',
        sortBy: 'created_at',
        view: accountView,
      }),
  });

function readLedger(text: string | undefined): string {
  if (!text)
    throw new LedgerError('missing_required_query_parameter', {
      detail: 'The query parameter "ledger_id" is missing: the accounts of one ledger are listed.',
    });
  const id = parseUuid(text);
  if (id !== undefined) return id;
  throw new LedgerError('ledger_id_not_found', {
    detail: 'No ledger has this ledger_id: it must be a UUID.',
    entityType: 'Ledger',
  });
}
