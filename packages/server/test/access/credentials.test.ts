import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { AccessError } from '../../src/access/access-errors.js';
import { createClientSecrets } from '../../src/access/credentials/client-secrets.js';
import { checkPasswordPolicy, passwordShortcomings } from '../../src/access/credentials/password-policy.js';
import { createPasswords } from '../../src/access/credentials/passwords.js';
import { createFailureLimiter } from '../../src/access/login/failure-limiter.js';

describe('the password policy', () => {
  it.each([
    ['Correct horse 7 battery', []],
    ['Aaaaaaaaaaa1!', []],
    ['Ünïcödé-Wörd-9', []],
    ['Short1!', ['at least 12 characters']],
    ['alllowercase1!', ['an upper-case letter']],
    ['ALLUPPERCASE1!', ['a lower-case letter']],
    ['NoDigitsHere!!', ['a digit']],
    ['NoSpecials1234', ['a special character']],
    ['', ['at least 12 characters', 'an upper-case letter', 'a lower-case letter', 'a digit', 'a special character']],
    [`Aa1!${'x'.repeat(253)}`, ['at most 256 characters']],
  ])('judges %s', (password, lacks) => {
    expect(passwordShortcomings(password)).toEqual(lacks);
  });

  it('says all that is missing in one sentence, with code and status, and never the password', () => {
    expect(() => checkPasswordPolicy('sesame-sesame')).toThrow(AccessError);
    expect(() => checkPasswordPolicy('sesame-sesame')).toThrow('The password needs an upper-case letter, a digit.');
    const error = (() => {
      try {
        checkPasswordPolicy('sesame-sesame');
      } catch (caught) {
        return caught as AccessError;
      }
      throw new Error('accepted');
    })();
    expect(error).toMatchObject({ code: 'IDE-0105', status: 422 });
    expect(JSON.stringify([error.message, error.info])).not.toContain('sesame');
    expect(() => checkPasswordPolicy('Correct horse 7 battery')).not.toThrow();
  });
});

describe('password hashes', () => {
  it('are argon2id, salted, and verify', async () => {
    const passwords = createPasswords();
    const [one, two] = [await passwords.hash('Correct horse'), await passwords.hash('Correct horse')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await passwords.matches(one, 'Correct horse')).toBe(true);
    expect(await passwords.matches(one, 'correct horse')).toBe(false);
    expect(await passwords.matches(undefined, 'anything')).toBe(false);
    expect(await passwords.matches('unreadable', 'unreadable')).toBe(false);
  });

  it('leave the event loop to others', async () => {
    const passwords = createPasswords();
    const before = performance.eventLoopUtilization();
    await Promise.all(Array.from({ length: 20 }, () => passwords.matches(undefined, 'x')));
    // Computed in the loop it would be 1. Idle time is counted, so a busy machine does not matter.
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  });

  it('wait in a bounded queue, and the rest is told to come back', async () => {
    const passwords = createPasswords({ concurrency: 1, waitingMax: 2 });
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => passwords.matches(undefined, 'x')));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused).toHaveLength(3);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'AUT-1099', status: 503 });
  });

  it('ask again before their turn', async () => {
    const passwords = createPasswords();
    const refusal = new Error('limit reached meanwhile');
    await expect(
      passwords.matches(undefined, 'x', () => {
        throw refusal;
      }),
    ).rejects.toBe(refusal);
  });
});

describe('client secrets', () => {
  const key = randomBytes(32);
  const secrets = createClientSecrets(key, v7);

  it('have 256 random bits, and only their keyed hash is kept', () => {
    const { clientSecret, secretHmac, clientId, id } = secrets.newApplicationCredentials();
    expect(clientSecret).toMatch(/^cfs_[\w-]{43}$/);
    expect(clientId).toMatch(/^[0-9a-f]{32}$/);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const stored = secretHmac;
    expect(stored).toHaveLength(32);
    expect(secrets.matches([stored], clientSecret)).toBe(true);
    expect(secrets.matches([stored], `${clientSecret} `)).toBe(false);
    expect(createClientSecrets(key, v7).matches([stored], clientSecret)).toBe(true);
    expect(createClientSecrets(randomBytes(32), v7).matches([stored], clientSecret)).toBe(false);
  });

  it('match nothing when nothing is stored', () => {
    for (const stored of [undefined, [], [Buffer.alloc(0)], [Buffer.alloc(31), Buffer.alloc(31)]])
      expect(secrets.matches(stored, '')).toBe(false);
  });
});

describe('the limit on failures', () => {
  it('forgets the least recent keys rather than grow', () => {
    const limiter = createFailureLimiter({ now: () => new Date(0), failuresMax: 1, keysMax: 3 });
    for (const key of ['a', 'b', 'c', 'd']) limiter.countFailure(key);
    expect(() => limiter.check('a')).not.toThrow();
    for (const key of ['b', 'c', 'd']) expect(() => limiter.check(key)).toThrow('Too many failed logins');
  });

  it('counts a fixed window from the first failure', () => {
    let now = 0;
    const limiter = createFailureLimiter({ now: () => new Date(now), failuresMax: 2, windowSeconds: 60 });
    expect(limiter.countFailure('a')).toBe(true);
    now = 59_000;
    expect(limiter.countFailure('a')).toBe(true);
    expect(limiter.countFailure('a')).toBe(false);
    expect(() => limiter.check('a')).toThrow('Try again in 1 s');
    now = 60_000;
    expect(() => limiter.check('a')).not.toThrow();
  });
});
