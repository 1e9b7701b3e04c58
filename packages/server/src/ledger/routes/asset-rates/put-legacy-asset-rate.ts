import { LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import { parseMoment } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import { DecimalInput, Nullable, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { putAssetRate as put, refuseBadCode } from '../../storage/asset-rates.js';
import { withTenant } from '../../storage/with-tenant.js';
import { LegacyAssetRateView, legacyAssetRateExample, legacyAssetRateView } from '../../views/asset-rate.js';
import { ledgerPathOf } from '../operations/path-family.js';
import { created } from '../shared/answers.js';
import { ledgerScope, may, param } from '../shared/paths.js';
import { rateRequired } from './put-asset-rate.js';
import { toRateAndScale } from './rate-and-scale.js';

const Body = Type.Object(
  {
    toAsset: Text(100),
    rate: DecimalInput(),
    effectiveAt: Type.Optional(Nullable(Text(64))),
    expirationAt: Type.Optional(Nullable(Text(64))),
  },
  { additionalProperties: false },
);

export const legacyRatesPath = `${ledgerPathOf('unversioned')}/assets/:asset_code/rates`;

export const putLegacyAssetRate = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PUT',
    url: legacyRatesPath,
    textParams: ['asset_code'],
    guard: may('asset-rates', 'put'),
    operationId: 'putAssetRateUnversioned',
    tag: 'Asset rates',
    summary: 'Set the rate of a pair of assets, as older clients do',
    description: 'The decimal is kept as rate and scale. New clients use PUT /v1/…/asset-rates.',
    body: Body,
    requestExample: { toAsset: 'BRL', rate: 5.25 },
    success: { status: 201, description: 'The rate.', schema: LegacyAssetRateView, example: legacyAssetRateExample },
    errors: ['invalid_code_format', 'code_uppercase_requirement', 'ledger_id_not_found', 'invalid_datetime_format'],
    handler: async ({ context, params, body }) => {
      const from = param(params, 'asset_code');
      refuseBadCode('asset_code', from);
      refuseBadCode('toAsset', body.toAsset);
      const { rate, scale } = toRateAndScale(body.rate);
      if (rate === 0) throw rateRequired();
      const given = {
        from,
        to: body.toAsset,
        rate,
        scale,
        effectiveAt: momentOf('effectiveAt', body.effectiveAt),
        expirationAt: momentOf('expirationAt', body.expirationAt),
      };
      return created(legacyAssetRateView(await withTenant(context, (tx) => put(tx, deps, ledgerScope(params), given))));
    },
  });

function momentOf(name: string, text: string | null | undefined): string | null {
  if (!text) return null;
  const moment = parseMoment(text);
  if (moment !== undefined) return moment.text;
  throw new LedgerError('invalid_datetime_format', {
    detail: `${name} must be a moment of RFC 3339, such as 2026-01-31T12:00:00Z.`,
    entityType: 'AssetRate',
  });
}
