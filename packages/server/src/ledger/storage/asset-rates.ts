import { LedgerError } from '@cofferdam/core';
import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import { bornColumns, type Description, type Origin } from './described-columns.js';
import { and, type EntityRow, entityNotFound, liveIn } from './entity-rows.js';
import { type LedgerPlace, lockLedger } from './parents.js';
import type { TenantTx } from './with-tenant.js';

/** One of `from` is `rate` / 10^`scale` of `to`. */
export interface NewAssetRate extends Pick<Description, 'metadata'> {
  readonly from: string;
  readonly to: string;
  readonly rate: number;
  readonly scale?: number | null;
  readonly source?: string | null;
  readonly ttl?: number | null;
  /** Left out: made for a new rate, kept of an old one. */
  readonly externalId?: string | null;
  readonly effectiveAt?: string | null;
  readonly expirationAt?: string | null;
}

/** The rate of a pair, made or replaced: one a pair and ledger. Metadata left out stays. Throws 0037. */
export async function putAssetRate(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: NewAssetRate,
): Promise<EntityRow<'asset_rate'>> {
  await lockLedger(tx, place, 'share');
  const said = {
    rate: given.rate,
    scale: given.scale ?? 0,
    source: given.source ?? null,
    ttl_seconds: given.ttl ?? 0,
    effective_at: given.effectiveAt ?? null,
    expiration_at: given.expirationAt ?? null,
  };
  const born = bornColumns(origin, given);
  const values = { ...born, ...place, ...said, from_code: given.from, to_code: given.to };
  return await tx
    .insertInto('asset_rate')
    .values({ ...values, external_id: given.externalId ?? origin.newId() })
    .onConflict((conflict) =>
      conflict.columns(['ledger_id', 'from_code', 'to_code']).doUpdateSet({
        ...said,
        ...(given.externalId ? { external_id: given.externalId } : {}),
        ...(given.metadata ? { metadata: stringifyJson(given.metadata) } : {}),
        updated_at: born.updated_at,
      }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** The newest where clients gave several pairs the same external id. Throws 0007. */
export async function getAssetRate(
  tx: TenantTx,
  place: LedgerPlace,
  externalId: string,
): Promise<EntityRow<'asset_rate'>> {
  const named = and([...liveIn(place), sql`external_id = ${externalId}`]);
  const query = sql<EntityRow<'asset_rate'>>`select * from asset_rate where ${named} order by id desc limit 1`;
  const [row] = (await query.execute(tx)).rows;
  if (row === undefined) throw entityNotFound('asset_rate');
  return row;
}

/** Every rate from one asset, for older clients, whose list has no pages. Bounded, so that it stays one answer. */
export async function listAllRatesFrom(
  tx: TenantTx,
  place: LedgerPlace,
  from: string,
): Promise<EntityRow<'asset_rate'>[]> {
  const named = and([...liveIn(place), sql`from_code = ${from}`]);
  const query = sql<EntityRow<'asset_rate'>>`select * from asset_rate where ${named} order by id limit 1000`;
  return (await query.execute(tx)).rows;
}

/** Throws 0033 or 0004 for the first character that is no upper-case letter. */
export function refuseBadCode(what: string, code: string): void {
  const offender = /[^A-Z]/u.exec(code)?.[0];
  if (offender === undefined && code !== '') return;
  const lower = offender !== undefined && /\p{Ll}/u.test(offender);
  throw new LedgerError(lower ? 'code_uppercase_requirement' : 'invalid_code_format', {
    detail: lower
      ? `${what} must be in upper case, such as "USD".`
      : `${what} must consist of the letters A to Z only, such as "USD".`,
    entityType: 'AssetRate',
  });
}
