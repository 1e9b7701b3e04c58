import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { getLive } from '../../storage/entity-rows.js';
import { readTenant } from '../../storage/with-tenant.js';
import { AssetView, assetExample, assetView } from '../../views/asset.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

export const getAsset = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: `${ledgerPath}/assets/:id`,
    guard: may('assets', 'get'),
    operationId: 'getAsset',
    tag: 'Assets',
    summary: 'Read an asset',
    success: { status: 200, description: 'The asset.', schema: AssetView, example: assetExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params }) => {
      const id = param(params, 'id');
      const row = await readTenant(context, (tx) => getLive(tx, 'asset', ledgerScope(params), id));
      return ok(assetView(row));
    },
  });
