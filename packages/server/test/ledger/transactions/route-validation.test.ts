import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addRoutes, type RouteOptions } from '../posting/routes.js';
import { codes, json, leg, openTransactionApi, type TransactionApi } from './transaction-api.js';

let api: TransactionApi;
let ledgerId: string;
let path: string;
beforeAll(async () => {
  api = await openTransactionApi({ implicitIdempotency: false });
  ({ ledgerId } = await api.books.addLedger({ accounting: { validateRoutes: true } }));
  path = `/v1/organizations/${api.books.organizationId}/ledgers/${ledgerId}/transactions`;
  await api.books.addAccount('@external/USD', { ledgerId });
  for (const alias of ['@a', '@b', '@c']) await api.books.addAccount(alias, { ledgerId, available: '1000' });
  await api.books.addAccount('@card', { ledgerId, accountType: 'card', available: '1000' });
  await api.books.addAccount('@owe', { ledgerId, available: '10', settings: { allowOverdraft: true } });
  await api.books.addAccount('@owe', {
    ledgerId,
    key: 'overdraft',
    direction: 'debit',
    settings: { balanceScope: 'internal' },
  });
});
afterAll(() => api.close());

const all = 'direct hold commit cancel revert overdraft';
const source = (entries = 'direct hold commit cancel', account?: object): RouteOptions => ({
  type: 'source',
  entries,
  ...(account && { account }),
});
const destination = (entries = 'direct commit', account?: object): RouteOptions => ({
  type: 'destination',
  entries,
  ...(account && { account }),
});
const both = (entries = all, account?: object): RouteOptions => ({
  type: 'bidirectional',
  entries,
  ...(account && { account }),
});

async function route(...members: RouteOptions[]) {
  const { transactionRouteId, operationRouteIds } = await addRoutes(api.books, ledgerId, members);
  return {
    routeId: transactionRouteId,
    of: (i: number) => ({ routeId: operationRouteIds[i] }),
    ids: operationRouteIds,
  };
}

const send = (body: object, kind = 'json') => api.post(`${path}/${kind}`, body);
/** @a pays @b through the two routes of `of`. */
const pay = (r: Awaited<ReturnType<typeof route>>, [from, to]: [number, number], more: object = {}, kind = 'json') =>
  send(json('10', [leg('@a', '10', r.of(from))], [leg('@b', '10', r.of(to))], { routeId: r.routeId, ...more }), kind);
const end = (id: string, how: string) => api.post(`${path}/${id}/${how}`, undefined);

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
const rows = ({ operations }: { operations: any[] }) =>
  operations.map((o) => [`${o.accountAlias}#${o.balanceKey}`, o.type, o.direction, o.amount.value, o.routeCode]);

describe('a ledger that validates routes', () => {
  it('wants a transaction route (step 1)', async () => {
    const body = json('1', [leg('@a', '1')], [leg('@b', '1')]);
    expect(codes(await send(body))).toBe('422/0114');
    expect(codes(await send({ ...body, route: 'payment' }))).toBe('400/0115');
    expect(codes(await send({ ...body, routeId: newId() }))).toBe('404/0105');
    const r = await route(source(), destination());
    const legacy = json('1', [leg('@a', '1', r.of(0))], [leg('@b', '1', r.of(1))], { route: r.routeId });
    expect((await send(legacy)).status).toBe(201);
    const other = await api.books.addLedger({ accounting: { validateRoutes: true } });
    const foreign = await addRoutes(api.books, other.ledgerId, [both()]);
    expect(codes(await send({ ...body, routeId: foreign.transactionRouteId }))).toBe('404/0105');
    await api.books.store.adminPool.query('update transaction_route set deleted_at = now() where id = $1', [r.routeId]);
    expect(codes(await send(legacy))).toBe('404/0105');
  });

  it('wants the action among the scenarios (step 2)', async () => {
    const r = await route(source('direct'), destination('direct'));
    expect((await pay(r, [0, 1])).status).toBe(201);
    expect(codes(await pay(r, [0, 1], { pending: true }))).toBe('422/0157');
    const nothing = await route();
    expect(codes(await send(json('1', [leg('@a', '1')], [leg('@b', '1')], { routeId: nothing.routeId })))).toBe(
      '422/0157',
    );
  });

  it('wants every operation route used, on its own side, and no other (step 4)', async () => {
    const r = await route(source(), destination(), destination());
    expect(codes(await pay(r, [0, 1]))).toBe('422/0116');
    expect(codes(await pay(r, [1, 0]))).toBe('422/0116');
    const three = json('10', [leg('@a', '10', r.of(0))], [leg('@b', '4', r.of(1)), leg('@c', '6', r.of(2))], {
      routeId: r.routeId,
    });
    expect((await send(three)).status).toBe(201);
    expect(codes(await send(json('1', [leg('@a', '1')], [leg('@b', '1')], { routeId: r.routeId })))).toBe('422/0116');
    const twice = await route(both());
    expect((await pay(twice, [0, 0])).status).toBe(201);
  });

  it('wants both rubrics of a bidirectional route that stands on both sides (step 5)', async () => {
    const r = await route(both());
    await api.books.store.adminPool.query(
      `update operation_route set accounting_entries = accounting_entries #- '{direct,credit}' where id = $1`,
      [r.ids[0]],
    );
    expect(codes(await pay(r, [0, 0]))).toBe('422/0151');
  });

  it('wants of each leg a route of its side (step 6)', async () => {
    const r = await route(source(), destination());
    const legs = (second: Record<string, unknown>) =>
      json('10', [leg('@a', '4', r.of(0)), leg('@c', '6', second)], [leg('@b', '10', r.of(1))], { routeId: r.routeId });
    expect(codes(await send(legs({})))).toBe('422/0117');
    expect(codes(await send(legs(r.of(1))))).toBe('422/0117');
    expect((await send(legs(r.of(0)))).status).toBe(201);
  });

  it('holds accounts to the rules of their routes (steps 8 and 9)', async () => {
    const alias = await route(source(undefined, { ruleType: 'alias', validIf: '@c' }), destination());
    expect(codes(await pay(alias, [0, 1]))).toBe('422/0118');
    const type = await route(
      source(undefined, { ruleType: 'account_type', validIf: ['deposit'] }),
      destination(undefined, { ruleType: 'account_type', validIf: ['card', 'loan'] }),
    );
    expect(codes(await pay(type, [0, 1]))).toBe('422/0119');
    const toCard = json('10', [leg('@a', '10', type.of(0))], [leg('@card', '10', type.of(1))], {
      routeId: type.routeId,
    });
    expect((await send(toCard)).status).toBe(201);
    for (const account of [
      { ruleType: 'alias' },
      { ruleType: 'x', validIf: 'y' },
      { ruleType: 'account_type', validIf: 1 },
    ])
      expect(codes(await pay(await route(source(undefined, account), destination()), [0, 1]))).toBe('422/0113');
  });

  it('wants an overdraft rubric where one is drawn or paid back (step 10)', async () => {
    const bare = await route(both('direct hold commit cancel revert'));
    const draw = (r: typeof bare, value: string, more: object = {}) =>
      send(json(value, [leg('@owe', value, r.of(0))], [leg('@b', value, r.of(0))], { routeId: r.routeId, ...more }));
    expect(codes(await draw(bare, '30'))).toBe('422/0492');
    const r = await route(both());
    const drawn = await draw(r, '30');
    expect(rows(drawn.body)).toEqual([
      ['@b#default', 'CREDIT', 'credit', '30', 'direct-credit'],
      ['@owe#default', 'DEBIT', 'debit', '10', 'direct-debit'],
      ['@owe#overdraft', 'OVERDRAFT', 'debit', '20', 'overdraft-debit'],
    ]);
    expect(drawn.body.operations[2]).toMatchObject({ routeId: r.ids[0], route: r.ids[0], metadata: null });
    const held = await draw(r, '5', { pending: true });
    expect(rows(held.body)).toEqual([
      ['@owe#default', 'DEBIT', 'debit', '0', 'hold-debit'],
      ['@owe#default', 'ON_HOLD', 'credit', '5', 'hold-credit'],
      ['@owe#overdraft', 'OVERDRAFT', 'debit', '5', 'overdraft-debit'],
    ]);
    const cancelled = await end(held.body.id, 'cancel');
    expect(rows(cancelled.body)).toEqual([
      ['@owe#default', 'RELEASE', 'debit', '5', 'cancel-debit'],
      ['@owe#default', 'CREDIT', 'credit', '0', 'cancel-credit'],
      ['@owe#overdraft', 'OVERDRAFT', 'credit', '5', 'overdraft-credit'],
    ]);
    const reverted = await end(drawn.body.id, 'revert');
    expect(rows(reverted.body)).toEqual([
      ['@b#default', 'DEBIT', 'debit', '30', 'revert-debit'],
      ['@owe#default', 'CREDIT', 'credit', '10', 'revert-credit'],
      ['@owe#overdraft', 'OVERDRAFT', 'credit', '20', 'overdraft-credit'],
    ]);
  });

  it('refuses in the order of the contract: internal balances, routes, accounts, funds', async () => {
    const r = await route(both('direct'));
    const from = (alias: string, value: string, more: object = {}) =>
      send(
        json(value, [leg(alias, value, { ...r.of(0), ...more })], [leg('@b', value, r.of(0))], { routeId: r.routeId }),
      );
    const unrouted = json('5000', [leg('@nobody', '5000')], [leg('@b', '5000')]);
    expect(codes(await send(unrouted))).toBe('422/0114');
    expect(codes(await from('@owe', '1', { balanceKey: 'overdraft' }))).toBe('422/0168');
    expect(codes(await from('@nobody', '1'))).toBe('422/0019');
    expect(codes(await from('@a', '5000000'))).toBe('422/0018');
    expect(codes(await from('@owe', '5000000'))).toBe('422/0492');
  });

  it('writes holds, commits and cancels as split operations with their rubrics', async () => {
    const r = await route(source(), destination());
    const held = await pay(r, [0, 1], { pending: true });
    expect(rows(held.body)).toEqual([
      ['@a#default', 'DEBIT', 'debit', '10', 'hold-debit'],
      ['@a#default', 'ON_HOLD', 'credit', '10', 'hold-credit'],
    ]);
    expect(held.body.operations.map((o: { routeDescription: string }) => o.routeDescription)).toEqual([
      'Debit of hold',
      'Credit of hold',
    ]);
    const [first, second] = held.body.operations;
    expect(first.balanceAfter).toEqual(second.balance);
    const committed = await end(held.body.id, 'commit');
    expect(rows(committed.body)).toEqual([
      ['@a#default', 'ON_HOLD', 'debit', '10', 'commit-debit'],
      ['@b#default', 'CREDIT', 'credit', '10', 'commit-credit'],
    ]);
    expect([committed.body.source, committed.body.destination]).toEqual([['@a'], ['@b']]);
    const again = await pay(r, [0, 1], { pending: true });
    const cancelled = await end(again.body.id, 'cancel');
    expect(rows(cancelled.body)).toEqual([
      ['@a#default', 'RELEASE', 'debit', '10', 'cancel-debit'],
      ['@a#default', 'CREDIT', 'credit', '10', 'cancel-credit'],
    ]);
    // As the contract has it, a read of the cancelled transaction lists the payer on both sides.
    const read = await api.get(`${path}/${again.body.id}`);
    expect([read.body.source, read.body.destination]).toEqual([['@a'], ['@a']]);
  });

  it('checks the route again when a hold ends, and ends it in the form in which it was placed', async () => {
    const r = await route(both());
    const held = await pay(r, [0, 0], { pending: true });
    const set = (entries: string) =>
      api.books.store.adminPool.query(`update operation_route set accounting_entries = $2 where id = $1`, [
        r.ids[0],
        entries,
      ]);
    await set('{"direct": {}}');
    for (const how of ['commit', 'cancel']) expect(codes(await end(held.body.id, how))).toBe('422/0157');
    const { books } = api;
    const setting = (value: boolean) =>
      books.store.adminPool.query(
        `update ledger set settings = jsonb_build_object('accounting', jsonb_build_object('validateRoutes', $2::boolean)) where id = $1`,
        [ledgerId, value],
      );
    await setting(false);
    try {
      const committed = await end(held.body.id, 'commit');
      expect(rows(committed.body).map(([, type]) => type)).toEqual(['ON_HOLD', 'CREDIT']);
    } finally {
      await setting(true);
    }
  });

  it('lets a hold end that was placed before the ledger validated routes: the money must not stay held', async () => {
    const { ledgerId: young } = await api.books.addLedger();
    for (const alias of ['@a', '@b']) await api.books.addAccount(alias, { ledgerId: young, available: '10' });
    const at = `/v1/organizations/${api.books.organizationId}/ledgers/${young}/transactions`;
    const place = (more: object) =>
      api.post(`${at}/json`, json('3', [leg('@a', '3')], [leg('@b', '3')], { pending: true, ...more }));
    const [one, two, three] = [await place({}), await place({ route: 'free text' }), await place({ routeId: newId() })];
    await api.books.store.adminPool.query(
      `update ledger set settings = '{"accounting": {"validateRoutes": true}}' where id = $1`,
      [young],
    );
    expect(codes(await place({}))).toBe('422/0114');
    const ended = await Promise.all([
      api.post(`${at}/${one.body.id}/cancel`, undefined),
      api.post(`${at}/${two.body.id}/commit`, undefined),
      api.post(`${at}/${three.body.id}/commit`, undefined),
    ]);
    expect(ended.map(({ status, body }) => [status, body.status.code, rows(body).map(([, type]) => type)])).toEqual([
      [201, 'CANCELED', ['RELEASE']],
      [201, 'APPROVED', ['DEBIT', 'CREDIT']],
      [201, 'APPROVED', ['DEBIT', 'CREDIT']],
    ]);
  });

  it('reverts through bidirectional routes only, whether it validates or not', async () => {
    const oneWay = await route(source(), destination());
    const paid = await pay(oneWay, [0, 1]);
    expect(codes(await end(paid.body.id, 'revert'))).toBe('422/0150');
    const noRevert = await route(both('direct'));
    expect(codes(await end((await pay(noRevert, [0, 0])).body.id, 'revert'))).toBe('422/0157');
    const reversible = await route(both());
    const reversal = await end((await pay(reversible, [0, 0])).body.id, 'revert');
    expect(reversal.status).toBe(201);
    expect(reversal.body.routeId).toBe(reversible.routeId);
    // Another ledger, without validation: the route is only noted, and still decides.
    const relaxed = await api.books.addLedger();
    const at = `/v1/organizations/${api.books.organizationId}/ledgers/${relaxed.ledgerId}/transactions`;
    for (const alias of ['@a', '@b'])
      await api.books.addAccount(alias, { ledgerId: relaxed.ledgerId, available: '10' });
    const { operationRouteIds } = await addRoutes(api.books, relaxed.ledgerId, [source(), both()]);
    for (const [routeId, expected] of [
      [operationRouteIds[0], '422/0150'],
      [operationRouteIds[1], '201/undefined'],
      [newId(), '201/undefined'],
    ] as const) {
      const made = await api.post(`${at}/json`, json('1', [leg('@a', '1', { routeId })], [leg('@b', '1')]));
      expect(made.body.operations[0]).not.toHaveProperty('routeCode');
      expect(codes(await api.post(`${at}/${made.body.id}/revert`, undefined))).toBe(expected);
    }
  });

  it('gives blocks their own rubric where there is one, else that of direct', async () => {
    const r = await route(both('direct block'));
    expect(rows((await pay(r, [0, 0], {}, 'block')).body).map((row) => row[4])).toEqual([
      'block-debit',
      'block-credit',
    ]);
    expect(rows((await pay(r, [0, 0], {}, 'unblock')).body).map((row) => row[4])).toEqual([
      'direct-debit',
      'direct-credit',
    ]);
    expect(rows((await pay(r, [0, 0], {}, 'annotation')).body).map((row) => row[4])).toEqual([
      'direct-debit',
      'direct-credit',
    ]);
    const found = await api.get(
      `/v1/organizations/${api.books.organizationId}/ledgers/${ledgerId}/accounts/${(await pay(r, [0, 0], {}, 'block')).body.operations[0].accountId}/operations?route_code=block-debit&route_id=${r.ids[0]}`,
    );
    expect(found.body.items).toHaveLength(2);
  });
});
