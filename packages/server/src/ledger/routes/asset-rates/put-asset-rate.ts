import { LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { Metadata, Nullable, Text, Uuid } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { putAssetRate as put, refuseBadCode } from '../../storage/asset-rates.js';
import { withTenant } from '../../storage/with-tenant.js';
import { AssetRateView, assetRateExample, assetRateView } from '../../views/asset-rate.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

/** What a PostgreSQL `integer` holds. */
const integerMax = 2_147_483_647;

const Body = Type.Object(
  {
    from: Text(100),
    to: Text(100),
    rate: Type.Integer({ description: 'Not zero. The value of one unit of `from` in `to`, times 10^scale.' }),
    scale: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: 1_000 }))),
    source: Type.Optional(Nullable(Text(200))),
    ttl: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: integerMax, description: 'Seconds.' }))),
    externalId: Type.Optional(Nullable(Uuid())),
    metadata: Type.Optional(Metadata()),
  },
  { additionalProperties: false },
);

export const putAssetRate = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PUT',
    url: `${ledgerPath}/asset-rates`,
    guard: may('asset-rates', 'put'),
    operationId: 'putAssetRate',
    tag: 'Asset rates',
    summary: 'Set the rate of a pair of assets',
    description: 'One rate a pair: a second call replaces it and keeps its id.',
    body: Body,
    requestExample: { from: 'USD', to: 'BRL', rate: 525, scale: 2, source: 'Central bank', ttl: 3600 },
    success: { status: 201, description: 'The rate.', schema: AssetRateView, example: assetRateExample },
    errors: ['invalid_code_format', 'code_uppercase_requirement', 'ledger_id_not_found'],
    handler: async ({ context, params, body }) => {
      if (body.rate === 0) throw rateRequired();
      refuseBadCode('from', body.from);
      refuseBadCode('to', body.to);
      return created(assetRateView(await withTenant(context, (tx) => put(tx, deps, ledgerScope(params), body))));
    },
  });

/** Zero counts as not given (ledger-api §4.5). */
export function rateRequired(): LedgerError {
  return new LedgerError('missing_fields_in_request', {
    detail: 'The request lacks one or more required fields: rate must be given and must not be zero.',
    errors: [{ location: 'rate', message: 'rate is a required field' }],
    entityType: 'AssetRate',
  });
}
