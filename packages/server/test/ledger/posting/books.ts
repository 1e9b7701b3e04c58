import { createHash } from 'node:crypto';
import { type CreateCommand, LedgerError, type Leg, parseDecimal } from '@cofferdam/core';
import type pg from 'pg';
import { v7 as newId } from 'uuid';
import { createPoster, type Poster, type PosterOptions } from '../../../src/ledger/posting/poster.js';
import type { CreatePosting } from '../../../src/ledger/posting/posting-types.js';
import { createLedgerStore, type LedgerStore } from '../../support/cluster.js';

/** One ledger with accounts, made by plain SQL: these tests are about posting, not about the routes that make accounts. */
export interface Books {
  readonly store: LedgerStore;
  readonly organizationId: string;
  readonly ledgerId: string;
  addLedger(settings?: object): Promise<{ organizationId: string; ledgerId: string }>;
  addAccount(alias: string, account?: AccountOptions): Promise<{ accountId: string; balanceId: string }>;
  balance(alias: string, key?: string): Promise<BalanceNow>;
  /** All that posting may write, row by row: equal before and after a refusal. */
  snapshot(): Promise<string>;
}

export interface AccountOptions {
  readonly key?: string;
  readonly assetCode?: string;
  readonly accountType?: string;
  readonly direction?: 'credit' | 'debit';
  readonly available?: string;
  readonly allowSending?: boolean;
  readonly allowReceiving?: boolean;
  readonly settings?: object;
  readonly ledgerId?: string;
}

export interface BalanceNow {
  readonly available: string;
  readonly on_hold: string;
  readonly version: number;
}

export async function openBooks(options: { readonly max?: number } = {}): Promise<Books> {
  const store = await createLedgerStore(options);
  const { adminPool } = store;
  const organizationId = newId();
  await adminPool.query(
    `insert into organization (id, legal_name, legal_document, status_code, created_at, updated_at)
     values ($1, 'Org', '1', 'ACTIVE', now(), now())`,
    [organizationId],
  );
  const addLedger = async (settings?: object) => {
    const ledgerId = newId();
    await adminPool.query(
      `insert into ledger (id, organization_id, name, settings, status_code, created_at, updated_at)
       values ($1, $2, $3, $4, 'ACTIVE', now(), now())`,
      [ledgerId, organizationId, ledgerId, settings === undefined ? null : JSON.stringify(settings)],
    );
    return { organizationId, ledgerId };
  };
  const { ledgerId } = await addLedger();
  return {
    store,
    organizationId,
    ledgerId,
    addLedger,
    addAccount: (alias, account = {}) => addAccount(adminPool, { organizationId, ledgerId, alias, ...account }),
    async balance(alias, key = 'default') {
      const { rows } = await adminPool.query<BalanceNow>(
        'select available, on_hold, version from balance where alias = $1 and key = $2 and ledger_id = $3',
        [alias, key, ledgerId],
      );
      const row = rows[0];
      if (row === undefined) throw new Error(`no balance ${alias}#${key}`);
      return row;
    },
    snapshot: () => snapshot(adminPool),
  };
}

/** With a balance of its own; a further balance where the account is there. */
export async function addAccount(
  pool: pg.Pool,
  account: AccountOptions & { organizationId: string; ledgerId: string; alias: string },
): Promise<{ accountId: string; balanceId: string }> {
  const [accountId, balanceId] = [newId(), newId()];
  const { alias, key = 'default', assetCode = 'USD' } = account;
  const external = alias.startsWith('@external/');
  const type = account.accountType ?? (external ? 'external' : 'deposit');
  const existing = await pool.query<{ id: string }>('select id from account where alias = $1 and ledger_id = $2', [
    alias,
    account.ledgerId,
  ]);
  if (existing.rows[0] === undefined)
    await pool.query(
      `insert into account (id, organization_id, ledger_id, name, asset_code, type, alias, status_code, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $4, 'ACTIVE', now(), now())`,
      [accountId, account.organizationId, account.ledgerId, alias, assetCode, type],
    );
  await pool.query(
    `insert into balance (id, organization_id, ledger_id, account_id, alias, key, asset_code, account_type, direction,
       available, allow_sending, allow_receiving, settings, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now(), now())`,
    [
      balanceId,
      account.organizationId,
      account.ledgerId,
      existing.rows[0]?.id ?? accountId,
      alias,
      key,
      assetCode,
      type,
      account.direction ?? (external ? 'debit' : 'credit'),
      account.available ?? '0',
      account.allowSending ?? true,
      account.allowReceiving ?? true,
      account.settings === undefined ? null : JSON.stringify(account.settings),
    ],
  );
  return { accountId: existing.rows[0]?.id ?? accountId, balanceId };
}

async function snapshot(pool: pg.Pool): Promise<string> {
  const tables = ['account', 'balance', 'transaction', 'operation', 'idempotency_key', 'outbox'];
  const contents = [];
  for (const table of tables)
    contents.push(
      (
        await pool.query(
          `select coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t)::text), '[]')::text as all from ${table} t`,
        )
      ).rows,
    );
  return JSON.stringify(contents);
}

const silent = { warn() {}, error() {} };

export function newPoster(options: Partial<PosterOptions> = {}): Poster {
  // Parts so small that ordinary batches have several.
  return createPoster({ now: () => new Date(), newId, log: silent, partMax: 3, ...options });
}

export function leg(accountAlias: string, amount: string, balanceKey = 'default'): Leg {
  return { accountAlias, balanceKey, share: { kind: 'amount', value: parseDecimal(amount) }, notes: {} };
}

export interface TransferOptions extends Partial<Omit<CreateCommand, 'value' | 'source' | 'destination'>> {
  readonly idempotencyKey?: string;
  readonly ledgerId?: string;
  readonly ttlSeconds?: number;
}

/** A posting from legs such as `[['@a', '10']]`. */
export function transfer(
  books: Pick<Books, 'organizationId' | 'ledgerId'>,
  value: string,
  from: readonly (readonly [alias: string, amount: string, key?: string])[],
  to: readonly (readonly [alias: string, amount: string, key?: string])[],
  options: TransferOptions = {},
): CreatePosting {
  const { idempotencyKey, ledgerId, ttlSeconds = 300, ...command } = options;
  return {
    kind: 'create',
    organizationId: books.organizationId,
    ledgerId: ledgerId ?? books.ledgerId,
    command: {
      kind: 'direct',
      assetCode: 'USD',
      value: parseDecimal(value),
      source: from.map((l) => leg(...l)),
      destination: to.map((l) => leg(...l)),
      ...command,
    },
    notes: { description: '', chartOfAccountsGroupName: '', route: '', routeId: undefined, metadata: {} },
    ...(idempotencyKey === undefined
      ? {}
      : { idempotency: { hash: createHash('sha256').update(idempotencyKey).digest(), ttlSeconds } }),
  };
}

/** The code of the refusal, or 'posted'. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'posted';
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
}
