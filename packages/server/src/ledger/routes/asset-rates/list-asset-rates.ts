import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { refuseBadCode } from '../../storage/asset-rates.js';
import { equals, oneOf } from '../../storage/list-rows.js';
import { AssetRateView, assetRateExample, assetRateView } from '../../views/asset-rate.js';
import { answerCursorPage, cursorQuery, cursorSuccess, listErrors } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const listAssetRates = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/asset-rates/from/:asset_code`,
    textParams: ['asset_code'],
    guard: may('asset-rates', 'get'),
    operationId: 'listAssetRates',
    tag: 'Asset rates',
    summary: 'List the rates from an asset',
    query: cursorQuery({ to: 'Target assets, separated by commas: EUR,BRL.' }),
    success: cursorSuccess(AssetRateView, assetRateExample),
    errors: [...listErrors, 'invalid_code_format', 'code_uppercase_requirement'],
    handler: async (call) => {
      const from = param(call.params, 'asset_code');
      refuseBadCode('asset_code', from);
      return answerCursorPage(deps, call, {
        table: 'asset_rate',
        scope: ledgerScope(call.params),
        filters: [...equals('from_code', from), ...oneOf('to_code', readTargets(call.query['to']))],
        noneFound: undefined,
        view: assetRateView,
      });
    },
  });

function readTargets(text: string | undefined): string[] | undefined {
  if (!text) return undefined;
  const codes = text.split(',').map((code) => code.trim());
  for (const code of codes) refuseBadCode('to', code);
  return codes;
}
