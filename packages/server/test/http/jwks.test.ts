import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createKeySource, fetchKeys, KeysUnavailable } from '../../src/http/jwks.js';
import { importPublishedKey, type PublishedKey } from '../../src/http/verification-key.js';
import { createSigner } from './token-factory.js';

const first = createSigner('key-1');
const second = createSigner('key-2', 'ES256');
const minute = 60_000;

function harness(published: readonly PublishedKey[] = [first.published]) {
  let time = Date.parse('2026-11-24T12:00:00Z');
  const state = { published, loads: 0, down: false, errors: 0 };
  const keys = createKeySource({
    load: async () => {
      state.loads++;
      await new Promise((resolve) => setImmediate(resolve));
      if (state.down) throw new Error('unreachable');
      return state.published;
    },
    now: () => new Date(time),
    onError: () => state.errors++,
  });
  return { keys, state, pass: (milliseconds: number) => (time += milliseconds) };
}

describe('createKeySource', () => {
  it('loads nothing before it is asked, then once for all who ask', async () => {
    const { keys, state } = harness();
    expect(state.loads).toBe(0);
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.find('key-1')));
    expect(found.every((key) => key?.kid === 'key-1')).toBe(true);
    expect(state.loads).toBe(1);
  });

  it('X-48: asks again for an unknown kid, once in 30 s', async () => {
    const { keys, state, pass } = harness();
    await keys.find('key-1');
    for (let count = 0; count < 10; count++) expect(await keys.find(`guess-${count}`)).toBeUndefined();
    expect(state.loads).toBe(1);
    state.published = [first.published, second.published];
    pass(29_000);
    expect(await keys.find('key-2')).toBeUndefined();
    pass(1_000);
    expect((await keys.find('key-2'))?.algorithm).toBe('ES256');
    expect(state.loads).toBe(2);
  });

  it('X-48: drops what is no longer published after ten minutes', async () => {
    const { keys, state, pass } = harness([first.published, second.published]);
    await keys.find('key-1');
    state.published = [second.published];
    pass(10 * minute);
    await keys.find('key-1');
    await expect.poll(() => keys.find('key-1'), { interval: 5 }).toBeUndefined();
    expect(state.loads).toBe(2);
  });

  it('uses old keys for a day while none can be had, asking every 30 s', async () => {
    const { keys, state, pass } = harness();
    const key = await keys.find('key-1');
    state.down = true;
    pass(10 * minute);
    for (let count = 0; count < 50; count++) expect(await keys.find('key-1')).toBe(key);
    expect(state.loads).toBe(2);
    expect(await keys.find('other')).toBeUndefined();
    pass(24 * 60 * minute);
    await expect(keys.find('key-1')).rejects.toThrow(KeysUnavailable);
    state.down = false;
    pass(30_000);
    expect((await keys.find('key-1'))?.kid).toBe('key-1');
  });

  it('is unavailable while it never had keys, and asks at most every second', async () => {
    const { keys, state, pass } = harness();
    state.down = true;
    for (let count = 0; count < 20; count++) await expect(keys.find('key-1')).rejects.toThrow(KeysUnavailable);
    expect(state.loads).toBe(1);
    expect(state.errors).toBe(1);
    state.down = false;
    pass(1_000);
    expect((await keys.find('key-1'))?.kid).toBe('key-1');
  });

  it.each([
    ['no usable key', [{ kid: 'x', kty: 'oct', alg: 'HS256', k: 'AAAA' }]],
    ['one kid twice', [first.published, { ...second.published, kid: 'key-1' }]],
  ])('keeps the old keys when the new set has %s', async (_name, published) => {
    const { keys, state, pass } = harness();
    await keys.find('key-1');
    state.published = published as PublishedKey[];
    pass(11 * minute);
    expect((await keys.find('key-1'))?.kid).toBe('key-1');
    await expect.poll(() => state.errors, { interval: 5 }).toBe(1);
    expect((await keys.find('key-1'))?.algorithm).toBe('RS256');
  });
});

describe('importPublishedKey', () => {
  it.each([
    { alg: undefined },
    { alg: 'HS256' },
    { alg: 'ES256' },
    { kty: 'EC' },
    { kty: 'oct', k: 'AAAA' },
    { use: 'enc' },
    { kid: '' },
    { kid: undefined },
    { n: 'AQAB' },
    { n: undefined },
    { e: 7 },
  ])('refuses an RSA key with %o', (changes) => {
    expect(importPublishedKey({ ...first.published, ...changes })).toBeUndefined();
  });

  it('refuses a curve that is not of the algorithm', () => {
    expect(importPublishedKey({ ...second.published, crv: 'P-384' })).toBeUndefined();
    expect(importPublishedKey({ ...second.published, x: 'AAAA' })).toBeUndefined();
  });

  it('takes only the public part', () => {
    const key = importPublishedKey({ ...first.published, ...first.privateKey.export({ format: 'jwk' }) });
    expect(key?.key.type).toBe('public');
  });
});

describe('fetchKeys', () => {
  let server: Server | undefined;

  afterEach(() => server?.close());

  async function serve(status: number, body: string, headers: Record<string, string> = {}): Promise<string> {
    server = createServer((_request, response) => response.writeHead(status, headers).end(body));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
  }

  it('reads a key set', async () => {
    const url = await serve(200, JSON.stringify({ keys: [first.published, 7, null] }));
    expect(await fetchKeys(url)()).toEqual([first.published]);
  });

  it.each([
    [500, '{}', {}],
    [200, '{}', {}],
    [200, 'null', {}],
    [200, 'no json', {}],
    [200, JSON.stringify({ keys: [], pad: 'x'.repeat(300_000) }), {}],
    [302, '', { location: 'http://127.0.0.1:1/' }],
  ])('refuses %i %.20s', async (status, body, headers) => {
    await expect(fetchKeys(await serve(status, body, headers as Record<string, string>))()).rejects.toThrow();
  });

  it.each([
    'http://access.example/jwks.json',
    'http://127.0.0.1.evil.example/',
    'ftp://localhost/',
    'file:///etc/passwd',
  ])('refuses %s at start', (url) => {
    expect(() => fetchKeys(url)).toThrow(/https/);
  });

  it.each(['https://access.example/jwks.json', 'http://localhost:4000/', 'http://[::1]:4000/', 'http://127.0.0.1/'])(
    'takes %s',
    (url) => {
      expect(() => fetchKeys(url)).not.toThrow();
    },
  );
});
