import { Type } from 'typebox';
import { readText } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { equals } from '../../storage/list-rows.js';
import { AccountTypeView, accountTypeExample, accountTypeView } from '../../views/account-type.js';
import { answerCursorPage, cursorSuccess, listErrors, pageAndCursorQuery } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

const cursors = cursorSuccess(AccountTypeView, accountTypeExample);

export const listAccountTypes = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/account-types`,
    guard: may('account-types', 'get'),
    operationId: 'listAccountTypes',
    tag: 'Account types',
    summary: 'List the account types of a ledger',
    query: pageAndCursorQuery({ key_value: 'Compared in lower case.' }),
    success: {
      ...cursors,
      schema: Type.Object(
        { ...cursors.schema.properties, page: Type.Integer({ description: 'As asked; no more.' }) },
        { title: 'AccountTypeCursorPage' },
      ),
      example: { ...cursors.example, page: 1 },
    },
    errors: [...listErrors, 'no_account_types_found'],
    handler: (call) =>
      answerCursorPage(
        deps,
        call,
        {
          table: 'account_type',
          scope: ledgerScope(call.params),
          filters: equals('key_value', readText(call.query, 'key_value')?.toLowerCase()),
          noneFound: 'no_account_types_found',
          view: accountTypeView,
        },
        { page: true },
      ),
  });
