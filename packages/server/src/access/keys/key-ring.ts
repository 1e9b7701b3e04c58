import { type CryptoKey, importJWK, type JWK } from 'jose';
import { type Kysely, sql } from 'kysely';
import type { InstallationTables, TokenAlgorithm } from '../directory/tables.js';
import { type AccessStore, unreachable } from '../directory/with-directory.js';
import { generateSigningKey, type PublicJwk } from './generate-key.js';
import { createKeyCipher, type KeyCipher } from './key-cipher.js';

export interface KeyRingOptions {
  readonly store: AccessStore;
  /** 32 bytes. */
  readonly encryptionKey: Buffer;
  /** What tokens are signed with; a change makes a new key and lets the old one retire. */
  readonly algorithm: TokenAlgorithm;
  readonly now: () => Date;
  /** A retired key stays published for as long as a token signed with it may live. Default 1 h and the clock skew. */
  readonly overlapSeconds?: number;
  /** How old the keys in memory may be; another process may have rotated. Default 60 s. */
  readonly refreshSeconds?: number;
}

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly key: CryptoKey;
}

export interface KeyRing {
  signingKey(): Promise<SigningKey>;
  /** All that verifiers must know now, the signing one first. */
  publicKeys(): Promise<readonly PublicJwk[]>;
  /** Signs with a new key from now on; the old one stays published for the overlap. Returns the new key's id. */
  rotate(): Promise<string>;
}

interface Snapshot {
  readonly signing: SigningKey;
  readonly published: readonly PublicJwk[];
  readonly loadedAt: number;
}

/**
 * The key pair, made once and kept in the access database. Throws when it was sealed with another encryption key.
 */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const { store, algorithm, now, overlapSeconds = 3_660, refreshSeconds = 60 } = options;
  const cipher = createKeyCipher(options.encryptionKey);
  const overlapMs = overlapSeconds * 1_000;
  let snapshot: Promise<Snapshot> | undefined;
  let last: Snapshot | undefined;

  function load(): Promise<Snapshot> {
    return readKeys(store.installation, cipher, now());
  }

  async function current(): Promise<Snapshot> {
    if (last !== undefined && now().getTime() - last.loadedAt < refreshSeconds * 1_000) return last;
    snapshot ??= load().finally(() => {
      snapshot = undefined;
    });
    try {
      last = await snapshot;
      return last;
    } catch (error) {
      // The database is away for a moment: the keys known are still right, and logins fail by themselves.
      if (last !== undefined && unreachable(error) !== error) return last;
      throw unreachable(error);
    }
  }

  async function rotate(): Promise<string> {
    const kid = await makeKey(store.installation, cipher, algorithm, now(), overlapMs, true);
    last = await load();
    return kid;
  }

  await makeKey(store.installation, cipher, algorithm, now(), overlapMs, false);
  await current();
  return Object.freeze({
    signingKey: async () => (await current()).signing,
    publicKeys: async () => (await current()).published,
    rotate,
  });
}

/** Under one lock, so that two starters end up with one key. Returns the id of the active key. */
async function makeKey(
  db: Kysely<InstallationTables>,
  cipher: KeyCipher,
  algorithm: TokenAlgorithm,
  now: Date,
  overlapMs: number,
  always: boolean,
): Promise<string> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('cofferdam signing keys', 0))`.execute(trx);
    const active = await trx
      .selectFrom('signing_key')
      .select(['kid', 'algorithm'])
      .where('state', '=', 'active')
      .executeTakeFirst();
    if (active?.algorithm === algorithm && !always) return active.kid;

    const made = await generateSigningKey(algorithm);
    await trx
      .updateTable('signing_key')
      .set({ state: 'retiring', publish_until: new Date(now.getTime() + overlapMs) })
      .where('state', '=', 'active')
      .execute();
    await trx
      .insertInto('signing_key')
      .values({
        kid: made.kid,
        algorithm,
        public_jwk: JSON.stringify(made.publicJwk),
        private_key_sealed: cipher.seal(made.kid, JSON.stringify(made.privateJwk)),
        state: 'active',
        created_at: now,
      })
      .execute();
    return made.kid;
  });
}

async function readKeys(db: Kysely<InstallationTables>, cipher: KeyCipher, now: Date): Promise<Snapshot> {
  const rows = await db
    .selectFrom('signing_key')
    .select(['kid', 'algorithm', 'public_jwk', 'private_key_sealed', 'state'])
    .where((where) => where.or([where('state', '<>', 'retiring'), where('publish_until', '>', now.toISOString())]))
    .orderBy('state')
    .orderBy('created_at', 'desc')
    .execute();
  const active = rows.find(({ state }) => state === 'active');
  if (active === undefined) throw new Error('there is no active signing key');
  const privateJwk = JSON.parse(cipher.open(active.kid, active.private_key_sealed)) as JWK;
  const key = (await importJWK(privateJwk, active.algorithm)) as CryptoKey;
  return {
    signing: { kid: active.kid, algorithm: active.algorithm, key },
    published: Object.freeze(rows.map(({ public_jwk }) => Object.freeze(public_jwk as PublicJwk))),
    loadedAt: now.getTime(),
  };
}
