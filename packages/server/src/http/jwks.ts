import { refuseUnsafeUrl } from './safe-url.js';
import { importPublishedKey, type PublishedKey, type VerificationKey } from './verification-key.js';

/** The issuer's public keys by `kid`. */
export interface KeySource {
  /**
   * The key, or undefined when the issuer publishes none of that name.
   * @throws KeysUnavailable when no keys could be had for longer than they may be used
   */
  find(kid: string): Promise<VerificationKey | undefined> | VerificationKey;
}

/** Not the caller's fault: the answer is 503. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface KeySourceOptions {
  /** All keys that are published now. In one process: the Access Manager's own; else `fetchKeys`. */
  readonly load: () => Promise<readonly PublishedKey[]>;
  readonly now: () => Date;
  readonly onError?: (error: unknown) => void;
  /** Default 10 min (access-manager §6.3, as all three). */
  readonly freshForMs?: number;
  /** How long keys may be used while the issuer cannot be reached. Default 24 h. */
  readonly usableForMs?: number;
  /** An unknown `kid` asks the issuer again at most this often, so that forged tokens cannot make us a flood. Default 30 s. */
  readonly unknownEveryMs?: number;
}

/** After a failed load, the next attempt waits this long: each request would otherwise wait for a time-out. */
const retryAfterMs = 1_000;

interface Loaded {
  readonly keys: ReadonlyMap<string, VerificationKey>;
  readonly at: number;
}

/** Remembers the keys that `load` answers. Nothing is loaded before the first token asks. */
export function createKeySource(options: KeySourceOptions): KeySource {
  const { load, now, freshForMs = 600_000, usableForMs = 86_400_000, unknownEveryMs = 30_000 } = options;
  let loaded: Loaded | undefined;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let attempt: Promise<void> | undefined;

  async function reload(): Promise<void> {
    attemptedAt = now().getTime();
    try {
      const keys = importKeys(await load());
      loaded = { keys, at: now().getTime() };
    } catch (error) {
      options.onError?.(error);
    }
  }

  /** One load at a time; all who need it wait for the same. */
  async function refresh(notMoreOftenThanMs: number): Promise<void> {
    if (attempt === undefined) {
      if (now().getTime() - attemptedAt < notMoreOftenThanMs) return;
      attempt = reload().finally(() => {
        attempt = undefined;
      });
    }
    await attempt;
  }

  async function findAnew(kid: string): Promise<VerificationKey | undefined> {
    const age = loaded === undefined ? Number.POSITIVE_INFINITY : now().getTime() - loaded.at;
    const renewal = age >= freshForMs ? refresh(loaded === undefined ? retryAfterMs : unknownEveryMs) : undefined;
    // While old keys may be used, nobody waits for their renewal: it may be a time-out.
    if (age >= usableForMs || !loaded?.keys.has(kid)) await (renewal ?? refresh(unknownEveryMs));
    if (loaded === undefined || now().getTime() - loaded.at >= usableForMs) {
      throw new KeysUnavailable('the public keys of the Access Manager cannot be had');
    }
    return loaded.keys.get(kid);
  }

  return {
    find(kid) {
      const known = loaded !== undefined && now().getTime() - loaded.at < Math.min(freshForMs, usableForMs);
      return (known && loaded?.keys.get(kid)) || findAnew(kid);
    },
  };
}

function importKeys(published: readonly PublishedKey[]): Map<string, VerificationKey> {
  const keys = new Map<string, VerificationKey>();
  for (const candidate of published) {
    const key = importPublishedKey(candidate);
    if (key === undefined) continue;
    if (keys.has(key.kid)) throw new Error('the key set holds two keys of the same kid');
    keys.set(key.kid, key);
  }
  if (keys.size === 0) throw new Error('the key set holds no usable key');
  return keys;
}

const maxKeySetBytes = 256 * 1024;

/**
 * Reads a JWKS from a URL given by configuration, over TLS unless the host is loopback; redirects are not followed.
 * @throws Error for an unsafe URL
 */
export function fetchKeys(url: string, timeoutMs = 3_000): () => Promise<readonly PublishedKey[]> {
  refuseUnsafeUrl(url);
  return async () => {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`the key set answered ${response.status}`);
    const text = await response.text();
    if (text.length > maxKeySetBytes) throw new Error('the key set is too large');
    const body = JSON.parse(text) as { keys?: unknown } | null;
    if (!Array.isArray(body?.keys)) throw new Error('the key set has no "keys"');
    return body.keys.filter((key): key is PublishedKey => typeof key === 'object' && key !== null);
  };
}
