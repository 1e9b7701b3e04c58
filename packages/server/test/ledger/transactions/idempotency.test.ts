import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, leg, openTransactionApi, type TransactionApi } from './transaction-api.js';

let api: TransactionApi;
let now = Date.now();
beforeAll(async () => {
  api = await openTransactionApi({ now: () => new Date(now) });
  await api.books.addAccount('@external/USD');
  await api.books.addAccount('@a', { available: '1000' });
  await api.books.addAccount('@b');
});
afterAll(() => api.close());

const body = (value: string, more = {}) => json(value, [leg('@a', value)], [leg('@b', value)], more);
const replayed = (answer: { headers: Readonly<Record<string, unknown>> }) => answer.headers['x-idempotency-replayed'];

describe('idempotency', () => {
  it('replays the first answer, CREATED included, letter by letter', async () => {
    const order = body('1', {
      metadata: { long: 1, b: 'x', a: true, ünï: '1', n: 3 },
      transactionDate: '2020-01-01T00:00:00.12Z',
    });
    const first = await api.post('transactions/json', order, { 'x-idempotency': 'k1' });
    expect([first.status, replayed(first)]).toEqual([201, 'false']);
    const again = await api.post('transactions/json', order, { 'x-idempotency': 'k1' });
    expect([again.status, replayed(again)]).toEqual([201, 'true']);
    expect(again.text).toBe(first.text);
    // the key alone decides, whatever the body and the route
    const other = await api.post('transactions/annotation', body('2'), { 'x-idempotency': 'k1' });
    expect(other.text).toBe(first.text);
    // a body that would be refused replays too: the key is looked up before the totals
    const wrong = json('5', [leg('@a', '4')], [leg('@b', '4')]);
    expect((await api.post('transactions/json', wrong, { 'x-idempotency': 'k1' })).text).toBe(first.text);
  });

  it('replays metadata with numbers of any form', async () => {
    const numbers = '{"a":1.50e1,"bb":1E-7,"c":123456789012345678901234567890,"d":-0.0,"__proto__":"x","e":1e3}';
    const order = JSON.stringify(body('1')).replace(/}$/, `,"metadata":${numbers}}`);
    const first = await api.post('transactions/json', order, { 'x-idempotency': 'numbers' });
    expect(first.text).toContain('"a":15.0,"c":123456789012345678901234567890,"d":0.0,"e":1000,"bb":0.0000001');
    const again = await api.post('transactions/json', order, { 'x-idempotency': 'numbers' });
    expect(again.text).toBe(first.text);
    for (const long of ['1e200000', '1e-200000', '1e999999999999'])
      expect((await api.post('transactions/json', order.replace('1.50e1', long))).body.code, long).toBe('0051');
  });

  it('without a key tells bodies apart by what is accepted and not kept: code and rates', async () => {
    const rated = (value: string) => {
      const rate = { from: 'USD', to: 'BRL', value, externalId: '019c96a0-0000-7000-8000-000000000001' };
      return json('1.75', [{ ...leg('@a', '1.75'), rate }], [leg('@b', '1.75')]);
    };
    const bodies = [body('1.75', { code: 'A' }), body('1.75', { code: 'B' }), rated('5'), rated('6')];
    for (const given of bodies) expect(replayed(await api.post('transactions/json', given))).toBe('false');
    for (const given of bodies) expect(replayed(await api.post('transactions/json', given))).toBe('true');
  });

  it('is not found under another organization', async () => {
    const path = api.ledgerPath.replace(api.books.organizationId, '019c96a0-0000-7000-8000-000000000000');
    const answer = await api.post(`${path}/transactions/json`, body('1'), { 'x-idempotency': 'k1' });
    expect([answer.status, answer.body.code]).toEqual([404, '0007']);
  });

  it('replays a pending create with its destination', async () => {
    const order = body('1', { pending: true });
    const first = await api.post('transactions/json', order, { 'x-idempotency': 'hold' });
    expect((await api.post('transactions/json', order, { 'x-idempotency': 'hold' })).text).toBe(first.text);
    await api.post(`transactions/${first.body.id}/commit`, undefined);
    const later = await api.post('transactions/json', order, { 'x-idempotency': 'hold' });
    expect(later.text).toBe(first.text);
  });

  it('still gives the first answer after the transaction and an operation were changed', async () => {
    const first = await api.post('transactions/json', body('3', { metadata: { a: 1, big: 1.5 } }), {
      'x-idempotency': 'k2',
    });
    await api.patch(`transactions/${first.body.id}`, { description: 'changed', metadata: { a: null, c: 2 } });
    const operation = first.body.operations[0].id;
    await api.patch(`transactions/${first.body.id}/operations/${operation}`, { description: 'changed too' });
    const again = await api.post('transactions/json', body('3'), { 'x-idempotency': 'k2' });
    expect(replayed(again)).toBe('true');
    expect(again.text).toBe(first.text);
    const third = await api.post('transactions/json', body('7'), { 'x-idempotency': 'k3' });
    await api.patch(`transactions/${third.body.id}/operations/${third.body.operations[1].id}`, { metadata: { x: 1 } });
    expect((await api.post('transactions/json', body('7'), { 'x-idempotency': 'k3' })).text).toBe(third.text);
  });

  it('takes identical bodies without a key for one transaction, for 300 s and per route', async () => {
    const first = await api.post('transactions/json', body('11'));
    const same = await api.post('transactions/json', json(11.0, [leg('@a', '11.00')], [leg('@b', '1.1e1')]));
    expect([replayed(same), same.body.id]).toEqual(['true', first.body.id]);
    const otherRoute = await api.post('transactions/block', body('11'));
    expect(replayed(otherRoute)).toBe('false');
    expect(replayed(await api.post('transactions/json', body('11', { metadata: { a: 1 } })))).toBe('false');
    now += 299_000;
    expect(replayed(await api.post('transactions/json', body('11')))).toBe('true');
    now += 2_000;
    const later = await api.post('transactions/json', body('11'));
    expect([replayed(later), later.body.id === first.body.id]).toEqual(['false', false]);
    expect(replayed(await api.post('transactions/json', body('11')))).toBe('true');
  });

  it('keeps a key as long as X-TTL says; nonsense means 300 s', async () => {
    const send = (key: string, ttl: string) =>
      api.post('transactions/json', body('1'), { 'x-idempotency': key, 'x-ttl': ttl });
    for (const [key, ttl] of [
      ['t1', '10'],
      ['t2', '-5'],
      ['t3', 'x'],
      ['t4', '0'],
    ] as const)
      await send(key, ttl);
    now += 11_000;
    expect(replayed(await send('t1', '10'))).toBe('false');
    for (const key of ['t2', 't3', 't4']) expect(replayed(await send(key, '10'))).toBe('true');
  });

  it('frees the key of a refused call', async () => {
    const tooMuch = await api.post('transactions/json', body('1000000'), { 'x-idempotency': 'retry' });
    expect(tooMuch.status).toBe(422);
    const retry = await api.post('transactions/json', body('1'), { 'x-idempotency': 'retry' });
    expect([retry.status, replayed(retry)]).toEqual([201, 'false']);
  });

  it('joins twins that arrive together: one transaction, the others are its replays', async () => {
    const before = await api.books.balance('@b');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post('transactions/json', body('13'), { 'x-idempotency': 'twins' })),
    );
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter((answer) => replayed(answer) === 'false')).toHaveLength(1);
    expect(Number((await api.books.balance('@b')).available) - Number(before.available)).toBe(13);
  });

  it('is kept per ledger', async () => {
    const { ledgerId } = await api.books.addLedger();
    await api.books.addAccount('@a', { ledgerId, available: '5' });
    await api.books.addAccount('@b', { ledgerId });
    const path = api.ledgerPath.replace(api.books.ledgerId, ledgerId);
    const answer = await api.post(`${path}/transactions/json`, body('1'), { 'x-idempotency': 'k1' });
    expect(replayed(answer)).toBe('false');
  });
});

describe('without implicit keys', () => {
  let plain: TransactionApi;
  beforeAll(async () => {
    plain = await openTransactionApi({ implicitIdempotency: false });
    await plain.books.addAccount('@a', { available: '1000' });
    await plain.books.addAccount('@b');
  });
  afterAll(() => plain.close());

  it('two equal bodies are two transactions, and a key still works', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 3; i += 1) ids.add((await plain.post('transactions/json', body('1'))).body.id);
    expect(ids.size).toBe(3);
    const key = { 'x-idempotency': 'k' };
    const first = await plain.post('transactions/json', body('1'), key);
    expect((await plain.post('transactions/json', body('1'), key)).text).toBe(first.text);
  });
});

describe('while the transaction is being changed', () => {
  it('every replay is the first answer, before, during and after a PATCH', async () => {
    const key = { 'x-idempotency': 'patched-meanwhile' };
    const first = await api.post('transactions/json', body('1', { metadata: { a: 1 } }), key);
    const replays = Array.from({ length: 30 }, () => api.post('transactions/json', body('1'), key));
    const patches = Array.from({ length: 10 }, (_, i) =>
      api.patch(`transactions/${first.body.id}`, { description: `d${i}`, metadata: { [`k${i}`]: i } }),
    );
    for (const patched of await Promise.all(patches)) expect(patched.status).toBe(200);
    for (const replay of await Promise.all(replays)) expect(replay.text).toBe(first.text);
  });
});
