import { externalAccountType, LedgerError } from '@cofferdam/core';
import { sql } from 'kysely';
import { taken } from './constraint-errors.js';
import { and, type EntityRow, findLive, getLive, liveIn } from './entity-rows.js';
import { effectiveSettings, type LedgerSettings } from './ledger-settings.js';
import type { LedgerPlace } from './parents.js';
import { selfHolderId } from './self-holder.js';
import type { TenantTx } from './with-tenant.js';

/** What an account may be linked to. */
export interface AccountLinks {
  readonly assetCode: string;
  /** `external` already in its canonical lower case. */
  readonly type: string;
  readonly alias?: string | null;
  readonly portfolioId?: string | null;
  readonly segmentId?: string | null;
  readonly entityId?: string | null;
  readonly parentAccountId?: string | null;
  readonly holderId?: string | null;
  readonly skip?: { readonly holder?: boolean };
}

/**
 * Everything a new account refers to, checked in the order of ledger-api §4.7 and locked, so that it is still there
 * when the account is committed. Answers the columns that link the account.
 */
export async function checkAccountParents(
  tx: TenantTx,
  ledger: EntityRow<'ledger'>,
  place: LedgerPlace,
  given: AccountLinks,
) {
  const settings = effectiveSettings(ledger.settings);
  await refuseUnregisteredType(tx, settings, place, given.type);
  const holderId = await holderOf(tx, settings, place, given);
  await refuseUnknownAsset(tx, place, given.assetCode);
  const entityId = await entityOf(tx, place, given);
  await refuseUnfitParent(tx, place, given);
  await refuseTakenAlias(tx, place, given.alias);
  await refuseUnknownPortfolio(tx, place, given.portfolioId);
  await refuseUnknownSegment(tx, place, given.segmentId);
  return {
    parent_account_id: given.parentAccountId ?? null,
    portfolio_id: given.portfolioId ?? null,
    segment_id: given.segmentId ?? null,
    entity_id: entityId,
    holder_id: holderId,
  };
}

async function refuseUnregisteredType(tx: TenantTx, settings: LedgerSettings, place: LedgerPlace, type: string) {
  if (!settings.accounting.validateAccountType || type === externalAccountType) return;
  const registered = and([...liveIn(place), sql`key_value = ${type.toLowerCase()}`]);
  const { rows } = await sql`select 1 from account_type where ${registered} for share`.execute(tx);
  if (rows.length === 0)
    throw new LedgerError('invalid_account_type', {
      detail:
        'type is not the keyValue of an account type of this ledger, and its settings ask for one. Create the account type first, or choose a registered one.',
      entityType: 'Account',
    });
}

/**
 * The holder of the account: the one named, or the organization itself. Only a ledger that asks for holders looks
 * whether the named one exists (ledger-api §4.3).
 */
async function holderOf(tx: TenantTx, settings: LedgerSettings, place: LedgerPlace, given: AccountLinks) {
  const skipped = given.skip?.holder === true;
  if (skipped && !settings.overrides.allowHolderSkip)
    throw new LedgerError('skip_not_permitted', {
      detail:
        'skip.holder needs the setting overrides.allowHolderSkip of this ledger. Leave skip out, or change the setting.',
      entityType: 'Account',
    });
  const { holderId } = given;
  const scope = { organization_id: place.organization_id };
  const required = settings.accounting.requireHolder && !skipped && given.type !== externalAccountType;
  if (holderId !== undefined && holderId !== null) {
    const holder = await findLive(tx, 'holder', scope, holderId, 'share');
    if (holder !== undefined || !required) return holderId;
    throw new LedgerError('holder_id_not_found', {
      detail: 'holderId is not the id of a holder of this organization. Create the holder first, or check the id.',
      entityType: 'Holder',
    });
  }
  if (required)
    throw new LedgerError('holder_required', {
      detail: 'holderId is missing, and the settings of this ledger ask for a holder on every account.',
      entityType: 'Account',
    });
  if (given.type === externalAccountType) return null;
  return (await findLive(tx, 'holder', scope, selfHolderId(place.organization_id), 'share'))?.id ?? null;
}

async function refuseUnknownAsset(tx: TenantTx, place: LedgerPlace, code: string): Promise<void> {
  const coded = and([...liveIn(place), sql`code = ${code}`]);
  const { rows } = await sql`select 1 from asset where ${coded} for share`.execute(tx);
  if (rows.length === 0)
    throw new LedgerError('asset_code_not_found', {
      detail: 'assetCode is not the code of an asset of this ledger. Create the asset first, or check the code.',
      entityType: 'Asset',
    });
}

/** Left out, the entity is that of the portfolio, which then must be there (0007). */
async function entityOf(tx: TenantTx, place: LedgerPlace, given: AccountLinks): Promise<string | null> {
  if (given.entityId !== undefined && given.entityId !== null) return given.entityId;
  if (given.portfolioId === undefined || given.portfolioId === null) return null;
  return (await getLive(tx, 'portfolio', place, given.portfolioId, 'share')).entity_id;
}

async function refuseUnfitParent(tx: TenantTx, place: LedgerPlace, given: AccountLinks): Promise<void> {
  if (given.parentAccountId === undefined || given.parentAccountId === null) return;
  const parent = await findLive(tx, 'account', place, given.parentAccountId, 'share');
  if (parent === undefined)
    throw new LedgerError('invalid_parent_account_id', {
      detail: 'parentAccountId is not the id of an account of this ledger. Create the parent first, or leave it out.',
      entityType: 'Account',
    });
  if (parent.asset_code !== given.assetCode)
    throw new LedgerError('mismatched_asset_code', {
      detail:
        'The parent account holds another asset. Give both accounts the same assetCode, or leave parentAccountId out.',
      entityType: 'Account',
    });
}

/** Also by a balance: those of external accounts outlive their accounts when the asset is deleted. */
async function refuseTakenAlias(tx: TenantTx, place: LedgerPlace, alias: string | null | undefined): Promise<void> {
  if (alias === undefined || alias === null) return;
  const named = and([...liveIn(place), sql`alias = ${alias}`]);
  const { rows } = await sql`
    select from account where ${named} union all select from balance where ${named} limit 1`.execute(tx);
  if (rows.length > 0) throw taken('account_alias_live');
}

/** Throws 0035. */
export async function refuseUnknownPortfolio(tx: TenantTx, place: LedgerPlace, id: string | null | undefined) {
  if (id === undefined || id === null || (await findLive(tx, 'portfolio', place, id, 'share'))) return;
  throw new LedgerError('portfolio_id_not_found', {
    detail: 'portfolioId is not the id of a portfolio of this ledger. Create the portfolio first, or leave it out.',
    entityType: 'Portfolio',
  });
}

/** Throws 0036. */
export async function refuseUnknownSegment(tx: TenantTx, place: LedgerPlace, id: string | null | undefined) {
  if (id === undefined || id === null || (await findLive(tx, 'segment', place, id, 'share'))) return;
  throw new LedgerError('segment_id_not_found', {
    detail: 'segmentId is not the id of a segment of this ledger. Create the segment first, or leave it out.',
    entityType: 'Segment',
  });
}
