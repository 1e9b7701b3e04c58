import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { AssetView, assetExample, assetView } from '../../views/asset.js';
import { answerPage, listErrors, pageQuery, pageSuccess } from '../shared/lists.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

export const listAssets = (deps: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/assets`,
    guard: may('assets', 'get'),
    operationId: 'listAssets',
    tag: 'Assets',
    summary: 'List the assets of a ledger',
    query: pageQuery(),
    success: pageSuccess(AssetView, assetExample),
    errors: [...listErrors, 'no_assets_found'],
    handler: (call) =>
      answerPage(deps, call, {
        table: 'asset',
        scope: ledgerScope(call.params),
        filters: [],
        noneFound: 'no_assets_found',
        view: assetView,
      }),
  });
