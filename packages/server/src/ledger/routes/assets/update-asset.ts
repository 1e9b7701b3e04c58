import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { MetadataPatch, StatusInput, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeAsset } from '../../storage/assets.js';
import { withTenant } from '../../storage/with-tenant.js';
import { AssetView, assetExample, assetView } from '../../views/asset.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

const Body = Type.Object(
  {
    name: Type.Optional(Text(256)),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(MetadataPatch()),
  },
  { additionalProperties: false },
);

export const updateAsset = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: `${ledgerPath}/assets/:id`,
    guard: may('assets', 'patch'),
    operationId: 'updateAsset',
    tag: 'Assets',
    summary: 'Change an asset',
    description: 'Members left out, empty or null stay as they are. Type and code never change.',
    body: Body,
    requestExample: { name: 'United States Dollar', metadata: { symbol: '$' } },
    success: { status: 200, description: 'After the change.', schema: AssetView, example: assetExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'id');
      return ok(assetView(await withTenant(context, (tx) => changeAsset(tx, deps, ledgerScope(params), id, body))));
    },
  });
