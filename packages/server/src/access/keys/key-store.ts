import { type Kysely, sql } from 'kysely';
import type { InstallationTables, TokenAlgorithm } from '../directory/tables.js';
import { generateSigningKey, type PublicJwk } from './generate-key.js';
import type { KeyCipher } from './key-cipher.js';

export type KeyState = 'upcoming' | 'active' | 'retiring';

/** A key without its private half. */
export interface KeyInfo {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly state: KeyState;
  readonly createdAt: Date;
  /** Of upcoming keys: when they begin to sign. */
  readonly activateAt: Date | undefined;
  /** Of retiring keys: when verifiers may forget them. */
  readonly publishUntil: Date | undefined;
}

export interface StoredKey extends KeyInfo {
  readonly publicJwk: PublicJwk;
  readonly privateKeySealed: Buffer;
}

type Database = Kysely<InstallationTables>;

export interface MakeKeyOptions {
  readonly db: Database;
  readonly cipher: KeyCipher;
  readonly algorithm: TokenAlgorithm;
  readonly now: Date;
  /** How long the key that stops signing stays published. */
  readonly overlapMs: number;
}

/** One at a time in the whole installation: two starters end up with one key, and nobody changes keys half-way. */
async function underLock<T>(db: Database, work: (trx: Database) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('cofferdam signing keys', 0))`.execute(trx);
    return work(trx);
  });
}

/** The active key, made when there is none or when it is of another algorithm than configured. */
export async function ensureActiveKey(options: MakeKeyOptions): Promise<void> {
  await underLock(options.db, async (trx) => {
    const active = await trx.selectFrom('signing_key').select('algorithm').where('state', '=', 'active').execute();
    if (active[0]?.algorithm === options.algorithm) return;
    await retireActive(trx, options.now, options.overlapMs);
    await insertKey(trx, options, 'active', undefined);
  });
}

/** Signs at once with a new key. With `overlapMs` 0 the old one is unknown from now on, and so are its tokens. */
export async function replaceActiveKey(options: MakeKeyOptions): Promise<string> {
  return underLock(options.db, async (trx) => {
    await retireActive(trx, options.now, options.overlapMs);
    return insertKey(trx, options, 'active', undefined);
  });
}

/** A key that is published now and signs from `activateAt`; undefined when one is under way already. */
export async function insertUpcomingKey(options: MakeKeyOptions, activateAt: Date): Promise<string | undefined> {
  return underLock(options.db, async (trx) => {
    const waiting = await trx.selectFrom('signing_key').select('kid').where('state', '=', 'upcoming').execute();
    return waiting.length > 0 ? undefined : insertKey(trx, options, 'upcoming', activateAt);
  });
}

/** Writes down what the clock has decided: an upcoming key whose time has come is active, the one before it retires. */
export async function activateDueKey(db: Database, now: Date, overlapMs: number): Promise<void> {
  await underLock(db, async (trx) => {
    const due = await trx
      .selectFrom('signing_key')
      .select(['kid', 'activate_at'])
      .where('state', '=', 'upcoming')
      .where('activate_at', '<=', now.toISOString())
      .executeTakeFirst();
    if (due?.activate_at == null) return;
    await retireActive(trx, now, overlapMs);
    await trx.updateTable('signing_key').set({ state: 'active' }).where('kid', '=', due.kid).execute();
  });
}

/** Every key that ever was, the newest first. */
export async function listKeys(db: Database): Promise<StoredKey[]> {
  const rows = await db.selectFrom('signing_key').selectAll().orderBy('created_at', 'desc').execute();
  return rows.map(readRow);
}

/** Those that verifiers must know at that moment. */
export async function listPublishedKeys(db: Database, now: Date): Promise<StoredKey[]> {
  const rows = await db
    .selectFrom('signing_key')
    .selectAll()
    .where((where) => where.or([where('state', '<>', 'retiring'), where('publish_until', '>', now.toISOString())]))
    .orderBy('created_at', 'desc')
    .execute();
  return rows.map(readRow);
}

export async function findKey(db: Database, kid: string): Promise<StoredKey | undefined> {
  const row = await db.selectFrom('signing_key').selectAll().where('kid', '=', kid).executeTakeFirst();
  return row && readRow(row);
}

async function retireActive(trx: Database, now: Date, overlapMs: number): Promise<void> {
  await trx
    .updateTable('signing_key')
    // It only verifies from now on: its private half is needed by nobody any more.
    .set({
      state: 'retiring',
      publish_until: new Date(now.getTime() + overlapMs),
      private_key_sealed: Buffer.alloc(0),
    })
    .where('state', '=', 'active')
    .execute();
}

async function insertKey(
  trx: Database,
  { cipher, algorithm, now }: MakeKeyOptions,
  state: 'active' | 'upcoming',
  activateAt: Date | undefined,
): Promise<string> {
  const made = await generateSigningKey(algorithm);
  await trx
    .insertInto('signing_key')
    .values({
      kid: made.kid,
      algorithm,
      public_jwk: JSON.stringify(made.publicJwk),
      private_key_sealed: cipher.seal(made.kid, JSON.stringify(made.privateJwk)),
      state,
      created_at: now,
      activate_at: activateAt ?? null,
    })
    .execute();
  return made.kid;
}

interface KeyRow {
  kid: string;
  algorithm: TokenAlgorithm;
  public_jwk: unknown;
  private_key_sealed: Buffer;
  state: KeyState;
  created_at: string;
  activate_at: string | null;
  publish_until: string | null;
}

function readRow(row: KeyRow): StoredKey {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: row.state,
    createdAt: new Date(row.created_at),
    activateAt: row.activate_at === null ? undefined : new Date(row.activate_at),
    publishUntil: row.publish_until === null ? undefined : new Date(row.publish_until),
    publicJwk: Object.freeze(row.public_jwk as PublicJwk),
    privateKeySealed: row.private_key_sealed,
  };
}
