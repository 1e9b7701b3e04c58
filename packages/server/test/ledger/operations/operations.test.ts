import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, json, leg, openTransactionApi, type TransactionApi } from '../transactions/transaction-api.js';

let api: TransactionApi;
let accountId: string;
// biome-ignore lint/suspicious/noExplicitAny: looked into freely
let created: any;
beforeAll(async () => {
  api = await openTransactionApi({ implicitIdempotency: false });
  ({ accountId } = await api.books.addAccount('@a', { available: '1000' }));
  await api.books.addAccount('@b', { available: '10' });
  const out = json('1', [leg('@a', '1', { metadata: { tag: 'x' } })], [leg('@b', '1')]);
  const back = json('2', [leg('@b', '2')], [leg('@a', '2')]);
  created = (await api.post('transactions/json', out)).body;
  await api.post('transactions/json', back);
  await api.post('transactions/json', out);
  await api.post('transactions/json', { ...out, pending: true });
  await api.post('transactions/json', { ...out, transactionDate: '2020-01-01' });
});
afterAll(() => api.close());

const types = (answer: { body: { items: { type: string }[] } }) => answer.body.items.map((item) => item.type);

describe('operations', () => {
  it('are listed per account, newest window first by default, with filters', async () => {
    const list = await api.get(`accounts/${accountId}/operations`);
    expect(types(list)).toEqual(['DEBIT', 'CREDIT', 'DEBIT', 'ON_HOLD']);
    expect(list.body.items[0]).toEqual(created.operations[0]);
    const read = async (query: string) => types(await api.get(`accounts/${accountId}/operations?${query}`));
    expect(await read('type=CREDIT')).toEqual(['CREDIT']);
    expect(await read('type=on_hold')).toEqual(['ON_HOLD']);
    expect(await read('direction=credit')).toEqual(['CREDIT']);
    expect(await read(`route_id=${accountId}`)).toEqual([]);
    expect(await read('metadata.tag=x&limit=1')).toEqual(['DEBIT']);
    expect(await read('start_date=2020-01-01&end_date=2020-01-01')).toEqual(['DEBIT']);
    expect(await read('sort_order=desc&limit=1')).toEqual(['ON_HOLD']);
    for (const [query, expected] of [
      ['type=GIFT', '400/0082'],
      ['direction=up', '400/0082'],
      ['route_id=1', '400/0082'],
      ['metadata.tag=y', '404/0069'],
    ] as const)
      expect(codes(await api.get(`accounts/${accountId}/operations?${query}`)), query).toBe(expected);
    expect((await api.get(`accounts/${api.books.ledgerId}/operations`)).body.items).toEqual([]);
  });

  it('are read by account and changed by transaction', async () => {
    const [operation, other] = created.operations;
    expect((await api.get(`accounts/${accountId}/operations/${operation.id}`)).body).toEqual(operation);
    expect(codes(await api.get(`accounts/${accountId}/operations/${other.id}`))).toBe('404/0007');
    const path = `transactions/${created.id}/operations/${operation.id}`;
    const patched = await api.patch(path, { description: 'd', metadata: { tag: null, more: 1 } });
    expect(patched.body).toMatchObject({ description: 'd', metadata: { more: 1 }, amount: { value: '1' } });
    expect((await api.patch(path, { metadata: { again: 2 } })).body.metadata).toEqual({ more: 1, again: 2 });
    expect(codes(await api.patch(`transactions/${accountId}/operations/${operation.id}`, {}))).toBe('404/0007');
    expect(codes(await api.patch(`transactions/${created.id}/operations/${accountId}`, {}))).toBe('404/0007');
    expect(codes(await api.patch(path, { amount: { value: '9' } }))).toBe('400/0053');
  });

  it('answer older clients on the paths without /v1', async () => {
    const path = `${api.ledgerPath.slice('/v1'.length)}/accounts/${accountId}/operations`;
    const [operation] = created.operations;
    expect((await api.get(path)).body).toEqual((await api.get(`accounts/${accountId}/operations`)).body);
    const one = await api.get(`${path}?transactionId=${created.id}&operationId=${operation.id}`);
    expect(one.body.id).toBe(operation.id);
    expect(codes(await api.get(`${path}?transactionId=${accountId}&operationId=${operation.id}`))).toBe('404/0007');
    expect((await api.get(`${path}/${operation.id}`)).body.id).toBe(operation.id);
    expect((await api.patch(`${path}/${operation.id}`, { metadata: { old: true } })).body.metadata).toMatchObject({
      old: true,
    });
  });
});
