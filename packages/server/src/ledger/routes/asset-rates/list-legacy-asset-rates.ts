import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { listAllRatesFrom, refuseBadCode } from '../../storage/asset-rates.js';
import { readTenant } from '../../storage/with-tenant.js';
import { LegacyAssetRateView, legacyAssetRateExample, legacyAssetRateView } from '../../views/asset-rate.js';
import { ok } from '../shared/answers.js';
import { ledgerScope, may, param } from '../shared/paths.js';
import { legacyRatesPath } from './put-legacy-asset-rate.js';

export const listLegacyAssetRates = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: legacyRatesPath,
    textParams: ['asset_code'],
    guard: may('asset-rates', 'get'),
    operationId: 'listAssetRatesUnversioned',
    tag: 'Asset rates',
    summary: 'List the rates from an asset, as older clients do',
    description: 'A bare list without pages. New clients use GET /v1/…/asset-rates/from/{asset_code}.',
    success: {
      status: 200,
      description: 'The rates.',
      schema: Type.Array(LegacyAssetRateView),
      example: [legacyAssetRateExample],
    },
    errors: ['invalid_code_format', 'code_uppercase_requirement'],
    handler: async ({ context, params }) => {
      const from = param(params, 'asset_code');
      refuseBadCode('asset_code', from);
      const rows = await readTenant(context, (tx) => listAllRatesFrom(tx, ledgerScope(params), from));
      return ok(rows.map(legacyAssetRateView));
    },
  });
