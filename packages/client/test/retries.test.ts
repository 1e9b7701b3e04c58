import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../server/test/support/server.js';
import { type CofferdamClient, type CofferdamError, createClient } from '../src/index.js';
import { wait, waitMs } from '../src/retry.js';
import {
  cutAnswer,
  dropAfterWork,
  dropBeforeWork,
  type Middle,
  nobodysUrl,
  pass,
  refuse,
  silence,
  startMiddle,
} from './support.js';

let server: TestServer;
let middle: Middle;
let client: CofferdamClient;
let path: { organization_id: string; ledger_id: string };
beforeAll(async () => {
  server = await startTestServer();
  middle = await startMiddle(server.running.urls.ledger);
  client = createClient({ baseUrl: middle.url, retry: { baseMs: 1 } });
  const organization = await client.createOrganization({ body: { legalName: 'Acme', legalDocument: '1' } });
  const ledger = await client.createLedger({ path: { organization_id: organization.id }, body: { name: 'Main' } });
  path = { organization_id: organization.id, ledger_id: ledger.id };
  await client.createAsset({ path, body: { name: 'US Dollar', type: 'currency', code: 'USD' } });
  await client.createAccount({ path, body: { assetCode: 'USD', type: 'deposit', alias: '@alice' } });
});
afterAll(async () => {
  await middle.close();
  await server.stop();
});

const amount = { asset: 'USD', value: '10' };
const inflow = () => ({
  path,
  body: { send: { ...amount, distribute: { to: [{ accountAlias: '@alice', amount }] } } },
});
const receive = (more: object = {}) => client.call('createInflowTransaction', { ...inflow(), ...more });
const posted = async () => (await client.listTransactions({ path, query: { limit: 100 } })).items.length;

let before: number;
beforeEach(async () => {
  middle.next();
  before = await posted();
});

describe('a create of a transaction', () => {
  test('is one transaction, though its answer was lost twice: every attempt has the same key', async () => {
    middle.next(dropAfterWork, cutAnswer);
    const answer = await receive();
    expect([answer.attempts, answer.replayed, answer.status]).toEqual([3, true, 201]);
    const keys = middle.requests.map(({ key }) => key);
    expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(await posted()).toBe(before + 1);
  });

  test('keeps the key that it is given; two calls without one are two transactions', async () => {
    middle.next(dropAfterWork);
    await receive({ idempotencyKey: 'salary-2026-01', idempotencySeconds: 60 });
    expect(middle.requests.map(({ key }) => key)).toEqual(['salary-2026-01', 'salary-2026-01']);
    await receive({ idempotencyKey: 'salary-2026-01' });
    expect(await posted()).toBe(before + 1);
    await receive();
    await receive();
    expect(await posted()).toBe(before + 3);
  });

  test('waits as long as the server asks after 429 and 503', async () => {
    middle.next(refuse(503, { 'retry-after': '1' }), refuse(429, { 'retry-after': new Date().toUTCString() }));
    const start = performance.now();
    expect((await receive()).attempts).toBe(3);
    expect(performance.now() - start).toBeGreaterThan(990);
    expect(await posted()).toBe(before + 1);
  });

  test('ends with the last refusal when no attempt is left, and posts nothing', async () => {
    middle.next(...Array.from({ length: 4 }, () => refuse(503, {}, '{"code":"0161","title":"T","message":"M"}')));
    await expect(receive()).rejects.toMatchObject({ code: '0161', status: 503, message: 'M', attempts: 4 });
    expect(await posted()).toBe(before);
    middle.next(...Array.from({ length: 4 }, () => dropBeforeWork));
    await expect(receive()).rejects.toMatchObject({ code: 'UNREACHABLE', status: 0, attempts: 4 });
    expect(await posted()).toBe(before);
  });

  test('is not sent again after a refusal of its own', async () => {
    const send = { ...amount, distribute: { to: [{ accountAlias: '@nobody', amount }] } };
    const work = client.createInflowTransaction({ path, body: { send } });
    await expect(work).rejects.toMatchObject({ code: '0019', status: 422, attempts: 1 });
    expect(middle.requests).toHaveLength(2);
  });
});

describe('what would be done twice', () => {
  const account = { body: { assetCode: 'USD', type: 'deposit' } };

  test('is not sent again after a lost answer or a 503, only after 429 and before any connection', async () => {
    middle.next(dropAfterWork);
    const work = () => client.createAccount({ ...account, path });
    await expect(work()).rejects.toMatchObject({ code: 'UNREACHABLE', attempts: 1 });
    middle.next(refuse(503));
    await expect(work()).rejects.toMatchObject({ status: 503, attempts: 1 });
    middle.next(refuse(429));
    await work();
    const several = createClient({ baseUrl: [await nobodysUrl(), middle.url], retry: { baseMs: 1 } });
    expect((await several.call('createAccount', { ...account, path })).attempts).toBe(2);
    // What answered once is asked first from then on.
    expect((await several.call('createAccount', { ...account, path })).attempts).toBe(1);
  });

  test('a delete whose answer was lost is a delete', async () => {
    const segment = await client.createSegment({ path, body: { name: 'S' } });
    const at = { path: { ...path, id: segment.id } };
    middle.next(dropAfterWork);
    expect((await client.call('deleteSegment', at)).attempts).toBe(2);
    middle.next();
    await expect(client.deleteSegment(at)).rejects.toMatchObject({ code: '0007', attempts: 1 });
  });
});

describe('time', () => {
  test('an attempt that takes too long is ended, and repeated where that is safe', async () => {
    middle.next(silence, pass);
    expect((await client.call('getLedger', { path, timeoutMs: 100 })).attempts).toBe(2);
    middle.next(silence);
    const work = client.createAccount({ path, body: { assetCode: 'USD', type: 'deposit' }, timeoutMs: 50 });
    await expect(work).rejects.toMatchObject({ code: 'TIMEOUT', attempts: 1 });
  });

  test('a signal ends the call, whatever it waits for', async () => {
    const call = (signal: AbortSignal) => client.getLedger({ path, signal });
    await expect(call(AbortSignal.abort(new Error('not wanted')))).rejects.toThrow('not wanted');
    expect(middle.requests).toHaveLength(1);
    const [sent, waiting] = [new AbortController(), new AbortController()];
    middle.next(async () => {
      sent.abort(new Error('changed my mind'));
      await silence(pass as never, undefined as never);
    });
    await expect(call(sent.signal)).rejects.toThrow('changed my mind');
    middle.next(async (forwarded, response) => {
      await refuse(503, { 'retry-after': '20' })(forwarded, response);
      setTimeout(() => waiting.abort(new Error('too late')), 20);
    });
    await expect(call(waiting.signal)).rejects.toThrow('too late');
  });

  test('waits double at most, by chance, and never beyond the bound', async () => {
    const retry = { attemptsMax: 9, baseMs: 100, waitMsMax: 1_000 };
    expect([1, 2, 3, 8, 9].map((attempt) => waitMs(retry, attempt, null, 1))).toEqual([
      100,
      200,
      400,
      1_000,
      undefined,
    ]);
    expect(waitMs(retry, 3, null, 0.25)).toBe(100);
    expect([waitMs(retry, 1, '0', 1), waitMs(retry, 1, '1', 1), waitMs(retry, 1, 'soon', 1)]).toEqual([0, 1_000, 100]);
    expect(waitMs(retry, 1, '3600', 1)).toBeUndefined();
    middle.next(refuse(429, { 'retry-after': '3600' }));
    await expect(client.getLedger({ path })).rejects.toMatchObject({ status: 429, attempts: 1 });
    await wait(1, undefined);
  });
});

test('types follow the document', () => {
  // @ts-expect-error an account needs an asset
  void (() => client.createAccount({ path, body: { type: 'deposit' } }));
  // @ts-expect-error there is no such parameter
  void (() => client.listAccounts({ path, query: { colour: 'blue' } }));
  // @ts-expect-error the path is needed
  void (() => client.listAccounts());
  // @ts-expect-error a ledger is no list
  void (() => client.items('getLedger', { path }));
  const error: Pick<CofferdamError, 'code' | 'fields' | 'requestId'> | undefined = undefined;
  expect(error).toBeUndefined();
});
