import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { listAliasBalances as list } from '../../storage/account-balances.js';
import { externalAlias } from '../../storage/external-accounts.js';
import { readTenant } from '../../storage/with-tenant.js';
import { BalanceView, balanceExample, balanceView } from '../../views/balance.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

/** These two lists have one fixed form: all balances, the default one first, no pages (ledger-api §10.1). */
const success = {
  status: 200,
  description: 'All balances, the default one first; none for an unknown alias.',
  schema: Type.Object({ items: Type.Array(BalanceView), limit: Type.Integer() }, { title: 'BalanceList' }),
  example: { items: [balanceExample], limit: 10 },
};

export const listAliasBalances = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/accounts/alias/:alias/balances`,
    textParams: ['alias'],
    guard: may('balances', 'get'),
    operationId: 'listAliasBalances',
    tag: 'Balances',
    summary: 'List the balances of an account by its alias',
    success,
    errors: [],
    handler: ({ context, params }) => answerBalancesOf(context, params, param(params, 'alias')),
  });

export const listExternalBalances = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/accounts/external/:code/balances`,
    textParams: ['code'],
    guard: may('balances', 'get'),
    operationId: 'listExternalBalances',
    tag: 'Balances',
    summary: 'List the balances of the external account of an asset',
    success,
    errors: [],
    handler: ({ context, params }) => answerBalancesOf(context, params, externalAlias(param(params, 'code'))),
  });

async function answerBalancesOf(tenant: TenantContext, params: Readonly<Record<string, string>>, alias: string) {
  const rows = await readTenant(tenant, (tx) => list(tx, ledgerScope(params), alias));
  return ok({ items: rows.map(balanceView), limit: 10 });
}
