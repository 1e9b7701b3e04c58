import { type CryptoKey, importJWK, type JWK } from 'jose';
import type { TokenAlgorithm } from '../directory/tables.js';
import { type AccessStore, unreachable } from '../directory/with-directory.js';
import type { PublicJwk } from './generate-key.js';
import { createKeyCipher, type KeyCipher } from './key-cipher.js';
import {
  activateDueKey,
  ensureActiveKey,
  findKey,
  insertUpcomingKey,
  type KeyInfo,
  listKeys,
  listPublishedKeys,
  replaceActiveKey,
  type StoredKey,
} from './key-store.js';

export interface KeyRingOptions {
  readonly store: AccessStore;
  /** 32 bytes. */
  readonly encryptionKey: Buffer;
  /** What tokens are signed with; a change makes a new key and lets the old one retire. */
  readonly algorithm: TokenAlgorithm;
  readonly now: () => Date;
  /**
   * A retired key stays published for as long as a token signed with it may live. Default: 1 h, the skew that verifiers
   * allow, and the refresh within which another process may still sign with it.
   */
  readonly overlapSeconds?: number;
  /** How old the keys in memory may be; another process may have rotated. Default 60 s. */
  readonly refreshSeconds?: number;
}

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly key: CryptoKey;
}

/** How a rotation is to go. */
export interface RotateOptions {
  /**
   * How long the new key is published before it signs, so that every process and every verifier knows it by then. Default 0:
   * it signs at once, which verifiers that keep keys bear only by asking again for an unknown one.
   */
  readonly leadSeconds?: number;
  /** The old key is unknown from now on and so are its tokens: for a key that has leaked. Only without a lead. */
  readonly withdrawOld?: boolean;
}

export interface KeyRing {
  signingKey(): Promise<SigningKey>;
  /** All that verifiers must know now, the signing one first. */
  publicKeys(): Promise<readonly PublicJwk[]>;
  /** Any key of ours, also one that is published no more: for tokens that may have expired (logout). */
  findPublicKey(kid: string): Promise<PublicJwk | undefined>;
  /** Every key that ever was, the newest first. */
  list(): Promise<readonly KeyInfo[]>;
  /** Makes a new key and returns its id; undefined when a key with a lead is waiting for its time already. */
  rotate(options?: RotateOptions): Promise<string | undefined>;
}

/** Long enough for every cache on the way: our processes 60 s, JWKS in browsers and proxies 5 min, verifiers 10 min. */
export const rotationLeadSeconds = 900;

interface Candidate {
  readonly stored: StoredKey;
  readonly signing: SigningKey;
}

interface Snapshot {
  /** The active key, and the upcoming one if there is one. */
  readonly candidates: readonly Candidate[];
  readonly published: readonly StoredKey[];
  readonly loadedAt: number;
}

/**
 * The key pairs, kept in the access database. Which one signs is decided by the clock, so that all processes change over
 * together without asking. Throws when a key was sealed with another encryption key.
 */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const { store, algorithm, now, refreshSeconds = 60 } = options;
  const overlapMs = (options.overlapSeconds ?? 3_660 + refreshSeconds) * 1_000;
  const cipher = createKeyCipher(options.encryptionKey);
  const db = store.installation;
  let loading: Promise<Snapshot> | undefined;
  let last: Snapshot | undefined;

  async function load(): Promise<Snapshot> {
    const found = await read(cipher);
    const due = found.candidates.some(({ stored }) => stored.state === 'upcoming' && isDue(stored, now()));
    if (!due) return found;
    await activateDueKey(db, now(), overlapMs);
    return read(cipher);
  }

  async function read(withCipher: KeyCipher): Promise<Snapshot> {
    const published = await listPublishedKeys(db, now());
    const candidates: Candidate[] = [];
    for (const stored of published) {
      if (stored.state === 'retiring') continue;
      const known = last?.candidates.find(({ signing }) => signing.kid === stored.kid)?.signing;
      candidates.push({ stored, signing: known ?? (await openKey(withCipher, stored)) });
    }
    return { candidates, published, loadedAt: now().getTime() };
  }

  async function current(): Promise<Snapshot> {
    if (last !== undefined && now().getTime() - last.loadedAt < refreshSeconds * 1_000) return last;
    loading ??= load().finally(() => {
      loading = undefined;
    });
    try {
      last = await loading;
      return last;
    } catch (error) {
      // The database is away for a moment: the keys known are still right, and logins fail by themselves.
      if (last !== undefined && unreachable(error) !== error) return last;
      throw unreachable(error);
    }
  }

  await ensureActiveKey({ db, cipher, algorithm, now: now(), overlapMs });
  await current();
  return Object.freeze({
    signingKey: async () => signingNow(await current(), now()).signing,
    async publicKeys() {
      const snapshot = await current();
      const first = signingNow(snapshot, now()).stored;
      return Object.freeze([first, ...snapshot.published.filter((key) => key !== first)].map((key) => key.publicJwk));
    },
    findPublicKey: async (kid: string) => {
      const stored = await findKey(db, kid).catch((error: unknown) => {
        throw unreachable(error);
      });
      return stored?.publicJwk;
    },
    list: () =>
      listKeys(db).catch((error: unknown) => {
        throw unreachable(error);
      }),
    async rotate({ leadSeconds = 0, withdrawOld = false }: RotateOptions = {}) {
      const at = now();
      const made = { db, cipher, algorithm, now: at, overlapMs: withdrawOld ? 0 : overlapMs };
      const kid =
        leadSeconds > 0
          ? await insertUpcomingKey(made, new Date(at.getTime() + leadSeconds * 1_000))
          : await replaceActiveKey(made);
      if (kid === undefined) return undefined;
      // A read that began before the change must not be the last to speak: it would sign with the old key for a minute.
      await loading?.catch(() => undefined);
      last = await load();
      return kid;
    },
  });
}

function isDue({ activateAt }: StoredKey, now: Date): boolean {
  return activateAt !== undefined && activateAt <= now;
}

/** The upcoming key from its time on, whether or not any process has written that down yet. */
function signingNow({ candidates }: Snapshot, now: Date): Candidate {
  const due = candidates.find(({ stored }) => stored.state === 'upcoming' && isDue(stored, now));
  const chosen = due ?? candidates.find(({ stored }) => stored.state === 'active');
  if (chosen === undefined) throw new Error('there is no active signing key');
  return chosen;
}

async function openKey(cipher: KeyCipher, { kid, algorithm, privateKeySealed }: StoredKey): Promise<SigningKey> {
  const privateJwk = JSON.parse(cipher.open(kid, privateKeySealed)) as JWK;
  return { kid, algorithm, key: (await importJWK(privateJwk, algorithm)) as CryptoKey };
}
