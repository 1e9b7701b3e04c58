import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import PQueue from 'p-queue';
import { AccessError } from '../access-errors.js';

/** argon2id (the library's default algorithm) with OWASP's first choice: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export interface PasswordsOptions {
  /** Hashes computed at the same time; each keeps a core, one thread of libuv's pool and 19 MiB busy. Default: one core is left for everything else, 2 at most. */
  readonly concurrency?: number;
  /** Callers that may wait for their turn before others are told to come back (503). Default 64. */
  readonly waitingMax?: number;
}

export interface Passwords {
  /** PHC string. Does not check the policy. */
  hash(password: string): Promise<string>;
  /**
   * Always takes one verification, also when there is no hash to compare with (unknown user) or an unreadable one: the
   * caller cannot tell.
   * `beforeTurn` runs when its turn comes; if it throws, nothing is verified (rate limits are checked again there).
   */
  matches(storedHash: string | undefined, password: string, beforeTurn?: () => void): Promise<boolean>;
}

/** Whoever posts transactions in the same process must not wait for those who log in. */
const concurrencyDefault = () => Math.min(2, Math.max(1, availableParallelism() - 1));

/**
 * Slow hashes in a bounded pool off the event loop (contract, "Passwords").
 * @throws AccessError AUT-1099 (503) when too many callers wait.
 */
export function createPasswords({
  concurrency = concurrencyDefault(),
  waitingMax = 64,
}: PasswordsOptions = {}): Passwords {
  const queue = new PQueue({ concurrency });
  const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
  const { memoryCost, timeCost, parallelism } = cost;
  // Same cost as real ones; nobody knows a password for it.
  const nobodysHash = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${unpadded(randomBytes(16))}$${unpadded(randomBytes(32))}`;

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (queue.size >= waitingMax)
      throw new AccessError('unavailable', {
        message: 'Too many logins are waiting. Send the request again in a few seconds.',
        retryAfterSeconds: 2,
      });
    return queue.add(work);
  }

  return Object.freeze({
    hash: async (password: string) => inTurn(() => hash(password, cost)),
    matches: async (storedHash: string | undefined, password: string, beforeTurn?: () => void) =>
      inTurn(async () => {
        beforeTurn?.();
        const equal = await verify(storedHash ?? nobodysHash, password).catch(() => verify(nobodysHash, password));
        return equal && storedHash !== undefined;
      }),
  });
}
