import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let ledgerPath: string;
let ids: { source: string; destination: string; bidirectional: string };
beforeAll(async () => {
  api = await createLedgerApi();
  ({ ledgerPath } = await createBooks(api));
  const make = async (operationType: string) =>
    (await must(api.post(`${ledgerPath}/operation-routes`, { title: operationType, operationType }))).id;
  ids = {
    source: await make('source'),
    destination: await make('destination'),
    bidirectional: await make('bidirectional'),
  };
});
afterAll(() => api.close());

const post = (operationRoutes: unknown, more: object = {}) =>
  api.post(`${ledgerPath}/transaction-routes`, { title: 'T', operationRoutes, ...more });
const code = async (operationRoutes: unknown) => {
  const { status, body } = await post(operationRoutes);
  return status === 201 ? 'made' : `${status}/${body.code}`;
};

describe('transaction routes', () => {
  it('embed their operation routes in full, in the order sent, each once', async () => {
    const { source, destination, bidirectional } = ids;
    const made = await must(post([destination, source, destination, bidirectional], { metadata: { a: 'b' } }));
    expect(made.operationRoutes.map((route: { id: string }) => route.id)).toEqual([destination, source, bidirectional]);
    expect(made.operationRoutes[1]).toEqual((await api.get(`${ledgerPath}/operation-routes/${source}`)).body);
    expect((await api.get(`${ledgerPath}/transaction-routes/${made.id}`)).body).toEqual(made);
    const listed = await must(api.get(`${ledgerPath}/transaction-routes?metadata.a=b`));
    expect(listed.items).toEqual([made]);
    expect(refusal(await api.get(`${ledgerPath}/transaction-routes?metadata.a=c`))).toEqual({
      status: 404,
      code: '0106',
    });
  });

  it('refuse each bad set with its code', async () => {
    const { source, destination, bidirectional } = ids;
    expect(await code(undefined)).toBe('400/0009');
    expect(await code([])).toBe('400/0104');
    expect(await code(['x'])).toBe('400/0047');
    expect(await code(Array.from({ length: 101 }, () => newId()))).toBe('400/0158');
    expect(await code([source, newId()])).toBe('404/0101');
    expect(await code([destination])).toBe('400/0153');
    expect(await code([source])).toBe('400/0154');
    expect(await code([bidirectional])).toBe('made');
    expect(await code([source, bidirectional])).toBe('made');
  });

  it('take operation routes of their own ledger only', async () => {
    const other = await createBooks(api);
    const foreign = await must(
      api.post(`${other.ledgerPath}/operation-routes`, { title: 'F', operationType: 'bidirectional' }),
    );
    expect(await code([ids.source, foreign.id])).toBe('404/0101');
  });

  it('replace the whole set when changed, and keep what is not named', async () => {
    const { source, destination, bidirectional } = ids;
    const { id } = await must(post([source, destination], { description: 'd' }));
    const change = (body: object) => api.patch(`${ledgerPath}/transaction-routes/${id}`, body);
    const changed = await must(change({ operationRoutes: [bidirectional, source], title: 'New', metadata: { m: 1 } }));
    expect(changed).toMatchObject({ title: 'New', description: 'd', metadata: { m: 1 } });
    expect(changed.operationRoutes.map((route: { id: string }) => route.id)).toEqual([bidirectional, source]);
    expect((await must(change({ metadata: { m: null } }))).operationRoutes).toHaveLength(2);
    expect(refusal(await change({ operationRoutes: [bidirectional] })).code).toBe('0104');
    expect(refusal(await change({ operationRoutes: [bidirectional, bidirectional] })).code).toBe('0104');
    expect(refusal(await change({ operationRoutes: Array.from({ length: 101 }, () => newId()) })).code).toBe('0158');
    expect(refusal(await change({ operationRoutes: [bidirectional, newId()] })).code).toBe('0101');
    const second = await must(api.post(`${ledgerPath}/operation-routes`, { title: 'S', operationType: 'source' }));
    expect(refusal(await change({ operationRoutes: [source, second.id] })).code).toBe('0154');
  });

  it('keep their operation routes from being deleted until they are gone themselves', async () => {
    const make = async (operationType: string) =>
      (await must(api.post(`${ledgerPath}/operation-routes`, { title: 'x', operationType }))).id;
    const [source, destination] = [await make('source'), await make('destination')];
    const { id } = await must(post([source, destination]));
    const remove = () => api.delete(`${ledgerPath}/operation-routes/${source}`);
    expect(refusal(await remove())).toEqual({ status: 422, code: '0107' });
    expect((await api.delete(`${ledgerPath}/transaction-routes/${id}`)).status).toBe(204);
    expect((await remove()).status).toBe(204);
    for (const answer of [
      await api.get(`${ledgerPath}/transaction-routes/${id}`),
      await api.patch(`${ledgerPath}/transaction-routes/${id}`, { title: 'x' }),
      await api.delete(`${ledgerPath}/transaction-routes/${id}`),
    ])
      expect(refusal(answer)).toEqual({ status: 404, code: '0105' });
  });

  it('are made of live operation routes, whatever runs beside', async () => {
    for (let round = 0; round < 10; round += 1) {
      const make = async (operationType: string) =>
        (await must(api.post(`${ledgerPath}/operation-routes`, { title: 'x', operationType }))).id;
      const route = await make('bidirectional');
      const [made, removed] = await Promise.all([post([route]), api.delete(`${ledgerPath}/operation-routes/${route}`)]);
      expect([made.status, removed.status].sort()).toEqual(made.status === 201 ? [201, 422] : [204, 404]);
    }
  });

  it('leave an event for each change', async () => {
    const { rows } = await api.store.adminPool.query(
      `select distinct event from outbox where event like '%-route.%' order by 1`,
    );
    expect(rows.map((row) => row.event)).toEqual([
      'operation-route.created',
      'operation-route.deleted',
      'transaction-route.created',
      'transaction-route.deleted',
      'transaction-route.updated',
    ]);
  });
});
