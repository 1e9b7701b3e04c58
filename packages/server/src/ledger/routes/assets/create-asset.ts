import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { Metadata, StatusInput, shownWords, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createAsset as create } from '../../storage/assets.js';
import { withTenant } from '../../storage/with-tenant.js';
import { AssetView, assetExample, assetView } from '../../views/asset.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';
import { assetTypes, checkAssetKind } from './check-asset-kind.js';

const Body = Type.Object(
  {
    name: Text(256),
    type: Text(256, shownWords(assetTypes)),
    code: Text(100, { 'x-shown': { pattern: '^[A-Z]+$', minLength: 1 } }),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(Metadata()),
  },
  { additionalProperties: false },
);

export const createAsset = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${ledgerPath}/assets`,
    guard: may('assets', 'post'),
    operationId: 'createAsset',
    tag: 'Assets',
    summary: 'Create an asset',
    description:
      'Its external account @external/CODE is made with it: through that account value enters and leaves the ledger.',
    body: Body,
    requestExample: { name: 'US Dollar', type: 'currency', code: 'USD' },
    success: { status: 201, description: 'The new asset.', schema: AssetView, example: assetExample },
    errors: [
      'invalid_type',
      'invalid_code_format',
      'code_uppercase_requirement',
      'currency_code_standard_compliance',
      'ledger_id_not_found',
      'asset_name_or_code_duplicate',
      'account_creation_failed',
    ],
    handler: async ({ context, params, body }) => {
      checkAssetKind(body);
      return created(assetView(await withTenant(context, (tx) => create(tx, deps, ledgerScope(params), body))));
    },
  });
