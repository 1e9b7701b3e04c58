import { LosslessNumber } from 'lossless-json';
import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import { IdView, lifeView, MetadataView, NullableTextView, placedMembers, placedView, TimeView } from './entity.js';
import { exampleIds, exampleLife, examplePlace } from './examples.js';

const { createdAt, updatedAt } = lifeView;

export const AssetRateView = Type.Object(
  {
    id: IdView,
    ...placedView,
    externalId: IdView,
    from: Type.String(),
    to: Type.String(),
    rate: Type.Integer({ description: 'Of the target asset for one of the source, times 10^scale.' }),
    scale: Type.Integer(),
    source: NullableTextView,
    ttl: Type.Integer({ description: 'Seconds; 0: no end.' }),
    createdAt,
    updatedAt,
    metadata: MetadataView,
  },
  { title: 'AssetRate' },
);

export function assetRateView(row: EntityRow<'asset_rate'>) {
  return {
    id: row.id,
    ...placedMembers(row),
    externalId: row.external_id,
    from: row.from_code,
    to: row.to_code,
    rate: row.rate,
    scale: row.scale,
    source: row.source,
    ttl: row.ttl_seconds,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    metadata: row.metadata,
  };
}

export const assetRateExample = {
  id: exampleIds.assetRate,
  ...examplePlace,
  externalId: exampleIds.assetRateExternal,
  from: 'USD',
  to: 'BRL',
  rate: 525,
  scale: 2,
  source: 'Central bank',
  ttl: 3600,
  createdAt: exampleLife.createdAt,
  updatedAt: exampleLife.updatedAt,
  metadata: {},
};

const NullableTime = Type.Union([TimeView, Type.Null()]);

/** What older clients call a rate (ledger-api §15.1 row 3). */
export const LegacyAssetRateView = Type.Object(
  {
    id: IdView,
    fromAsset: Type.String(),
    toAsset: Type.String(),
    rate: Type.Number({ description: 'A decimal, exact in its digits.' }),
    effectiveAt: TimeView,
    expirationAt: NullableTime,
    createdAt,
    updatedAt,
  },
  { title: 'LegacyAssetRate' },
);

export function legacyAssetRateView(row: EntityRow<'asset_rate'>) {
  return {
    id: row.id,
    fromAsset: row.from_code,
    toAsset: row.to_code,
    rate: new LosslessNumber(decimalOf(row.rate, row.scale)),
    effectiveAt: row.effective_at ?? row.updated_at,
    expirationAt: row.expiration_at ?? expiryOf(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function expiryOf({ updated_at, ttl_seconds }: EntityRow<'asset_rate'>): string | null {
  return ttl_seconds === 0 ? null : new Date(Date.parse(updated_at) + ttl_seconds * 1_000).toISOString();
}

/** The point is put by moving it in the text: a division would be a float. */
function decimalOf(rate: number, scale: number): string {
  if (scale === 0) return String(rate);
  const digits = String(Math.abs(rate)).padStart(scale + 1, '0');
  const text = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`.replace(/\.?0+$/, '');
  return rate < 0 ? `-${text}` : text;
}

export const legacyAssetRateExample = {
  id: exampleIds.assetRate,
  fromAsset: 'USD',
  toAsset: 'BRL',
  rate: 5.25,
  effectiveAt: exampleLife.createdAt,
  expirationAt: null,
  createdAt: exampleLife.createdAt,
  updatedAt: exampleLife.updatedAt,
};
