import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  connectionSettings,
  parseDatabaseUrl,
  toDatabaseUrl,
  withDatabase,
  withLogin,
} from '../../src/postgres/connection-settings.js';

const settings = connectionSettings({ host: 'db', port: 5433, database: 'books', user: 'me', password: 's3cret' });

test('the password is hidden from JSON, inspection and templates, in copies too', () => {
  for (const copy of [settings, { ...settings }, withDatabase(settings, 'other'), { deep: [settings] }]) {
    expect(JSON.stringify(copy)).not.toContain('s3cret');
    expect(inspect(copy, { depth: 9 })).not.toContain('s3cret');
    expect(`${copy}`).not.toContain('s3cret');
  }
  expect(settings.password).toBe('s3cret');
  expect(withLogin(settings, 'you', 'other')).toMatchObject({
    host: 'db',
    database: 'books',
    user: 'you',
    password: 'other',
  });
});

describe('URLs', () => {
  test.each([
    [
      'postgresql://me:p%40ss@db:5433/books',
      { host: 'db', port: 5433, database: 'books', user: 'me', password: 'p@ss' },
    ],
    ['postgres://me@db', { host: 'db', port: 5432, database: 'me', user: 'me', password: '' }],
    ['postgresql://me:x@[::1]:5432/books', { host: '::1' }],
    ['postgresql://me:x@localhost:5999/books?host=%2Fvar%2Frun', { host: '/var/run', port: 5999 }],
    ['postgresql://me:x@db/books?sslmode=require', { ssl: { rejectUnauthorized: false } }],
    ['postgresql://me:x@db/books?sslmode=verify-full', { ssl: { rejectUnauthorized: true } }],
    [
      'postgresql://me:p%40ss@a,[::1]:5433,c:5434/books?target_session_attrs=read-write&sslmode=require',
      {
        host: 'a',
        port: 5432,
        password: 'p@ss',
        addresses: {
          all: [
            { host: 'a', port: 5432 },
            { host: '::1', port: 5433 },
            { host: 'c', port: 5434 },
          ],
        },
      },
    ],
  ])('%s', (url, expected) => {
    const parsed = parseDatabaseUrl(url);
    expect(parsed).toMatchObject(expected);
    expect(parseDatabaseUrl(toDatabaseUrl(parsed))).toEqual(parsed);
  });

  test.each([
    'nonsense',
    'mysql://me:s3cret@db/x',
    'postgresql://:s3cret@db/x',
    'postgresql://me:s3cret@db/x?sslmode=maybe',
    'postgresql://me:s3cret@a,b/x?target_session_attrs=standby',
    'postgresql://me:s3cret@a:1,b:x/x',
    'postgresql://me:s3cret@a,/x',
  ])('refuses %s without repeating it', (url) => {
    let message = '';
    try {
      parseDatabaseUrl(url);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).not.toBe('');
    expect(message).not.toContain('s3cret');
  });
});
