import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getAssetRate as get } from '../../storage/asset-rates.js';
import { readTenant } from '../../storage/with-tenant.js';
import { AssetRateView, assetRateExample, assetRateView } from '../../views/asset-rate.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getAssetRate = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/asset-rates/:external_id`,
    guard: may('asset-rates', 'get'),
    operationId: 'getAssetRate',
    tag: 'Asset rates',
    summary: 'Get an asset rate by its external id',
    success: { status: 200, description: 'The rate.', schema: AssetRateView, example: assetRateExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const externalId = param(params, 'external_id');
      return ok(assetRateView(await readTenant(context, (tx) => get(tx, ledgerScope(params), externalId))));
    },
  });
