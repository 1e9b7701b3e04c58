import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, json, leg, openTransactionApi, type TransactionApi } from './transaction-api.js';

let api: TransactionApi;
beforeAll(async () => {
  // Many of these bodies are the same on purpose.
  api = await openTransactionApi({ implicitIdempotency: false });
  const { books } = api;
  await books.addAccount('@external/USD');
  for (const alias of ['@alice', '@bob', '@carol', '@digits', '@digits2']) await books.addAccount(alias);
  await books.addAccount('@alice', { key: 'savings' });
  await books.addAccount('@alice', { key: 'overdraft', direction: 'debit', settings: { balanceScope: 'internal' } });
  await books.addAccount('@euro', { assetCode: 'EUR', available: '10' });
  await books.addAccount('@mute', { allowSending: false, available: '10' });
  await books.addAccount('@deaf', { allowReceiving: false });
  await api.post('transactions/inflow', {
    send: { asset: 'USD', value: '1000', distribute: { to: [leg('@alice', '1000')] } },
  });
});
afterAll(() => api.close());

describe('creating transactions', () => {
  it('answers the whole transaction, CREATED now and APPROVED a moment later', async () => {
    const created = await api.post(
      'transactions/json',
      json('10.50', [leg('@alice', '10.50', { description: 'mine', metadata: { a: 1 } })], [leg('@bob', 10.5)], {
        description: 'lunch',
        metadata: { z: true, place: 'here', n: 12345678901234567890n.toString() },
        chartOfAccountsGroupName: 'FOOD',
        code: 'X1',
        route: 'old',
      }),
    );
    expect(created.status).toBe(201);
    expect(created.headers['x-idempotency-replayed']).toBe('false');
    expect(created.body).toMatchObject({
      organizationId: api.books.organizationId,
      ledgerId: api.books.ledgerId,
      description: 'lunch',
      chartOfAccountsGroupName: 'FOOD',
      route: 'old',
      status: { code: 'CREATED', description: 'CREATED' },
      amount: '10.5',
      assetCode: 'USD',
      source: ['@alice'],
      destination: ['@bob'],
      feesSkipped: false,
      tracerSkipped: false,
      deletedAt: null,
    });
    expect(created.body).not.toHaveProperty('parentTransactionId');
    expect(created.body).not.toHaveProperty('routeId');
    const [first, second] = created.body.operations;
    expect(first).toMatchObject({
      type: 'DEBIT',
      direction: 'debit',
      accountAlias: '@alice',
      balanceKey: 'default',
      assetCode: 'USD',
      amount: { value: '10.5' },
      balance: { available: '1000', onHold: '0', version: 1, overdraftUsed: '0' },
      balanceAfter: { available: '989.5', onHold: '0', version: 2, overdraftUsed: '0' },
      balanceAffected: true,
      description: 'mine',
      metadata: { a: 1 },
      transactionId: created.body.id,
    });
    expect(second).toMatchObject({ type: 'CREDIT', direction: 'credit', description: 'lunch', metadata: null });

    const read = await api.get(`transactions/${created.body.id}`);
    expect(read.headers['x-cache-hit']).toBe('false');
    expect(read.body).toEqual({ ...created.body, status: { code: 'APPROVED', description: 'APPROVED' } });
  });

  it('books inflow and outflow against the external account of the asset', async () => {
    const before = await api.books.balance('@external/USD');
    const inflow = await api.post('transactions/inflow', {
      send: { asset: 'USD', value: 5, distribute: { to: [{ accountAlias: '@carol', share: { percentage: 100 } }] } },
    });
    expect(inflow.body.source).toEqual(['@external/USD']);
    const outflow = await api.post('transactions/outflow', {
      send: { asset: 'USD', value: '5', source: { from: [{ accountAlias: '@carol', remaining: 'remaining' }] } },
    });
    expect(outflow.body.destination).toEqual(['@external/USD']);
    expect(await api.books.balance('@external/USD')).toMatchObject({ available: before.available });
    const wrong = { send: { asset: 'USD', value: '5', source: { from: [] }, distribute: { to: [] } } };
    expect(codes(await api.post('transactions/inflow', wrong))).toBe('400/0053');
    expect(codes(await api.post('transactions/outflow', wrong))).toBe('400/0053');
    expect(codes(await api.post('transactions/inflow', { pending: true, send: {} }))).toBe('400/0053');
  });

  it('keeps every digit, from JSON numbers and from strings, and refuses what it would have to round', async () => {
    const digits = '1234567890123456789012345678901234567.0123456789012345678901234567891';
    const inflow = (value: string) =>
      api.post(
        'transactions/inflow',
        `{"send":{"asset":"USD","value":${value},"distribute":{"to":[{"accountAlias":"@digits","remaining":"x"}]}}}`,
      );
    const asNumber = await inflow(digits);
    expect(asNumber.body.amount).toBe(digits);
    expect((await inflow(`"${digits}"`)).body.amount).toBe(digits);
    expect((await inflow('1e-31')).status).toBe(201);
    const doubled = '2469135780246913578024691357802469134.0246913578024691357802469135783';
    expect(await api.books.balance('@digits')).toMatchObject({ available: doubled });
    const out = await api.post(
      'transactions/json',
      json(doubled, [leg('@digits', doubled)], [leg('@digits2', doubled)]),
    );
    expect(out.body.operations[0].balance.available).toBe(doubled);
    expect(await api.books.balance('@digits')).toMatchObject({ available: '0' });

    for (const value of [`1${'0'.repeat(64)}`, `0.${'0'.repeat(32)}1`, '1e999999', '1e-999999'])
      expect(codes(await inflow(value)), value).toBe('400/0047');
    expect(codes(await inflow('"12,5"'))).toBe('400/0094');
    expect(codes(await inflow('"NaN"'))).toBe('400/0094');
    expect(codes(await inflow('true'))).toBe('400/0094');
    expect(codes(await inflow('1, "value": 1'))).toBe('400/0094');
  });

  it('splits many to many', async () => {
    const body = json(
      '100',
      [leg('@alice', '60'), { accountAlias: '@alice', balanceKey: 'SAVINGS', remaining: 'remaining' }],
      [
        { accountAlias: '@bob', share: { percentage: 50, percentageOfPercentage: 50 } },
        leg('@carol', '25'),
        { accountAlias: '@external/USD', share: { percentage: 50 } },
      ],
    );
    expect(codes(await api.post('transactions/json', body))).toBe('422/0018');
    await api.post(
      'transactions/json',
      json('40', [leg('@alice', '40')], [leg('@alice', '40', { balanceKey: 'savings' })]),
    );
    const created = await api.post('transactions/json', body);
    expect(
      created.body.operations.map((o: never) => [o['accountAlias'], o['balanceKey'], o['amount']['value']]),
    ).toEqual([
      ['@alice', 'default', '60'],
      ['@alice', 'savings', '40'],
      ['@bob', 'default', '25'],
      ['@carol', 'default', '25'],
      ['@external/USD', 'default', '50'],
    ]);
    expect(created.body).toMatchObject({ source: ['@alice'], destination: ['@bob', '@carol', '@external/USD'] });
  });

  it('backdates the transaction and its operations, not the balances', async () => {
    for (const [given, kept] of [
      ['2020-02-29', '2020-02-29T00:00:00.000Z'],
      ['2020-02-29T10:00:00', '2020-02-29T10:00:00.000Z'],
      ['2020-02-29T10:00:00.123456+02:00', '2020-02-29T08:00:00.123456Z'],
    ] as const) {
      const body = json('1', [leg('@alice', '1')], [leg('@bob', '1')], { transactionDate: given });
      const created = await api.post('transactions/json', body);
      expect(created.body.createdAt).toBe(kept);
      expect(created.body.operations[0].createdAt).toBe(kept);
      expect((await api.get(`transactions/${created.body.id}`)).body.createdAt).toBe(kept);
    }
  });

  it('refuses with the code of the first check, and leaves every table as it was', async () => {
    const before = await api.books.snapshot();
    const ok = [leg('@alice', '10')];
    const to = [leg('@bob', '10')];
    const future = new Date(Date.now() + 60_000).toISOString();
    const cases: [string, unknown][] = [
      ['400/0094', '{"send":'],
      ['400/0094', 'null'],
      ['400/0094', { send: 'all' }],
      ['400/0053', { ...json('10', ok, to), surprise: 1 }],
      ['400/0053', json('10', [leg('@alice', '10', { surprise: 1 })], to)],
      ['400/0072', json('10', [{ accountAlias: '@alice' }], to)],
      ['400/0072', json('10', [leg('@alice', '10', { remaining: 'x' })], to)],
      ['400/0009', {}],
      ['400/0009', { send: { asset: 'USD', value: '1', source: {}, distribute: { to } } }],
      ['400/0009', json('10', [{ amount: { asset: 'USD', value: '10' } }], to)],
      ['400/0009', json('10', [{ accountAlias: '@alice', share: { percentage: 0 } }], to)],
      ['400/0047', json('10', [{ accountAlias: '@alice', share: { percentage: 101 } }], to)],
      ['400/0047', json('10', [{ accountAlias: '@alice', share: { percentage: -1 } }], to)],
      ['400/0047', json('10', ok, to, { description: 'x'.repeat(257) })],
      ['400/0047', json('10', ok, to, { description: 'a\0b' })],
      ['400/0047', json('10', ok, to, { routeId: 'nope' })],
      ['400/0051', json('10', ok, to, { metadata: { a: [1] } })],
      ['400/0067', json('10', ok, to, { metadata: { a: {} } })],
      ['400/0050', json('10', ok, to, { metadata: { ['k'.repeat(101)]: 1 } })],
      ['400/0094', json('10', ok, to, { transactionDate: 'yesterday' })],
      ['400/0094', json('10', ok, to, { transactionDate: '2020-01-01 10:00:00' })],
      ['400/0121', json('0', ok, to, { transactionDate: future, pending: true })],
      ['400/0122', json('0', ok, to, { transactionDate: '2020-01-01', pending: true })],
      ['422/0125', json('0', ok, to)],
      ['422/0125', json('-10', ok, to)],
      ['422/0125', json(undefined, ok, to)],
      ['422/0073', json('11', ok, to)],
      ['422/0073', json('10', [], to)],
      ['422/0073', json('10', [leg('@alice', '0')], to)],
      ['422/0490', json('10', ok, ok, { skip: { fees: true } })],
      ['422/0490', json('10', ok, ok, { skip: { tracer: true } })],
      ['422/0090', json('10', ok, ok)],
      ['422/0168', json('10', [leg('@alice', '10', { balanceKey: 'overdraft' })], [leg('@nobody', '10')])],
      ['422/0019', json('10', ok, [leg('@nobody', '10')])],
      ['422/0019', json('10', ok, [leg('@bob', '10', { balanceKey: 'nope' })])],
      ['404/0034', json('10', ok, [leg('@euro', '10')])],
      ['404/0034', { send: { asset: 'EUR', value: '10', source: { from: ok }, distribute: { to } } }],
      ['422/0024', json('10', [leg('@mute', '10')], to)],
      ['422/0024', json('10', ok, [leg('@deaf', '10')])],
      ['422/0098', json('10', [leg('@external/USD', '10')], to, { pending: true })],
      ['422/0018', json('100000', [leg('@alice', '100000')], [leg('@bob', '100000')])],
      ['422/0018', json('100000', [leg('@alice', '100000')], [leg('@bob', '100000')], { pending: true })],
    ];
    for (const [expected, body] of cases) {
      const answer = await api.post('transactions/json', body);
      expect(codes(answer), JSON.stringify(body)).toBe(expected);
      expect(answer.body.detail.length).toBeGreaterThan(10);
    }
    expect(await api.books.snapshot()).toBe(before);
  });

  it('answers 404 for ledgers that are not there, in the words of any missing ledger', async () => {
    const body = json('10', [leg('@alice', '10')], [leg('@bob', '10')]);
    const other = '019c96a0-0000-7000-8000-000000000000';
    const unknown = await api.post(`${api.ledgerPath.replace(api.books.ledgerId, other)}/transactions/json`, body);
    expect(codes(unknown)).toBe('404/0007');
    expect(unknown.body.entityType).toBe('Ledger');
    const elsewhere = await api.post(
      `${api.ledgerPath.replace(api.books.organizationId, other)}/transactions/json`,
      body,
    );
    expect(elsewhere.body).toEqual(unknown.body);
    expect(codes(await api.post(`/v1/organizations/${other}/ledgers/x/transactions/json`, body))).toBe('400/0065');
  });

  it('asks for a transaction route where the ledger validates routes, and knows none yet', async () => {
    const { ledgerId } = await api.books.addLedger({ accounting: { validateRoutes: true } });
    await api.books.addAccount('@alice', { ledgerId, available: '10' });
    await api.books.addAccount('@bob', { ledgerId });
    const post = (more: object) =>
      api.post(
        `${api.ledgerPath.replace(api.books.ledgerId, ledgerId)}/transactions/json`,
        json('1', [leg('@alice', '1')], [leg('@bob', '1')], more as never),
      );
    expect(codes(await post({}))).toBe('422/0114');
    expect(codes(await post({ route: 'free text' }))).toBe('400/0115');
    expect(codes(await post({ routeId: ledgerId }))).toBe('404/0105');
  });
});

describe('annotations and blocks', () => {
  it('an annotation is NOTED and moves nothing', async () => {
    const before = await api.books.balance('@bob');
    const body = json('99999', [leg('@bob', '99999')], [leg('@carol', '99999')], { pending: true });
    const noted = await api.post('transactions/annotation', body);
    expect(noted.status).toBe(201);
    expect(noted.body.status.code).toBe('NOTED');
    expect(noted.body.operations).toHaveLength(2);
    expect(noted.body.operations[0]).toMatchObject({
      balanceAffected: false,
      amount: { value: '99999' },
      balance: { available: '0', version: 0 },
      balanceAfter: { available: '0', version: 0 },
    });
    expect(await api.books.balance('@bob')).toEqual(before);
    const { rows } = await api.books.store.adminPool.query('select from outbox where record_id = $1', [noted.body.id]);
    expect(rows).toHaveLength(0);
  });

  it('block and unblock carry their type and move at once', async () => {
    const body = (from: string, to: string) =>
      json('1', [leg('@alice', '1', { balanceKey: from })], [leg('@alice', '1', { balanceKey: to })], {
        pending: true,
      });
    const block = await api.post('transactions/block', body('default', 'savings'));
    expect(block.body.status.code).toBe('CREATED');
    expect(block.body.operations.map((o: never) => [o['type'], o['direction']])).toEqual([
      ['BLOCK', 'debit'],
      ['BLOCK', 'credit'],
    ]);
    expect(block.body).toMatchObject({ source: ['@alice'], destination: ['@alice'] });
    const unblock = await api.post('transactions/unblock', body('savings', 'default'));
    expect(unblock.body.operations.map((o: never) => o['type'])).toEqual(['UNBLOCK', 'UNBLOCK']);
  });
});

describe('holds over HTTP', () => {
  it('commit and cancel answer 201 with their own operations; reads show all', async () => {
    const pending = json('3', [leg('@alice', '3')], [leg('@bob', '3')], { pending: true });
    const held = await api.post('transactions/json', pending);
    expect(held.body).toMatchObject({ status: { code: 'PENDING' }, source: ['@alice'], destination: ['@bob'] });
    expect(held.body.operations.map((o: never) => o['type'])).toEqual(['ON_HOLD']);
    expect((await api.get(`transactions/${held.body.id}`)).body).toMatchObject({ source: [], destination: [] });
    const committed = await api.post(`transactions/${held.body.id}/commit`, undefined);
    expect(committed.status).toBe(201);
    expect(committed.body.status.code).toBe('APPROVED');
    expect(committed.body.operations.map((o: never) => o['type'])).toEqual(['DEBIT', 'CREDIT']);
    expect(codes(await api.post(`transactions/${held.body.id}/cancel`, undefined))).toBe('409/0486');
    expect((await api.get(`transactions/${held.body.id}`)).body.operations).toHaveLength(3);

    const again = await api.post('transactions/outflow', {
      pending: true,
      send: { asset: 'USD', value: '2', source: { from: [leg('@alice', '2')] } },
    });
    const external = await api.books.balance('@external/USD');
    const cancelled = await api.post(`transactions/${again.body.id}/cancel`, undefined);
    expect(cancelled.body.status.code).toBe('CANCELED');
    expect(cancelled.body.operations.map((o: never) => [o['type'], o['direction']])).toEqual([['RELEASE', 'credit']]);
    expect(await api.books.balance('@external/USD')).toEqual(external);
    expect(codes(await api.post(`transactions/${api.books.ledgerId}/commit`, undefined))).toBe('404/0007');
  });

  it('a revert is a transaction of its own and happens once', async () => {
    const original = await api.post(
      'transactions/json',
      json('4', [leg('@alice', '4')], [leg('@bob', '4')], { metadata: { a: 'b' } }),
    );
    const reverted = await api.post(`transactions/${original.body.id}/revert`, undefined);
    expect(reverted.status).toBe(201);
    expect(reverted.body).toMatchObject({
      parentTransactionId: original.body.id,
      source: ['@bob'],
      destination: ['@alice'],
      metadata: { a: 'b' },
      amount: '4',
    });
    expect(codes(await api.post(`transactions/${original.body.id}/revert`, undefined))).toBe('409/0087');
    expect(codes(await api.post(`transactions/${reverted.body.id}/revert`, undefined))).toBe('409/0088');
    expect(codes(await api.post(`transactions/${api.books.ledgerId}/revert`, undefined))).toBe('404/0007');
  });

  it('says what was left out, then and later, where the ledger allows it', async () => {
    const { ledgerId } = await api.books.addLedger({ overrides: { allowFeeSkip: true, allowTracerSkip: true } });
    for (const alias of ['@a', '@b']) await api.books.addAccount(alias, { ledgerId, available: '100' });
    const at = `/v1/organizations/${api.books.organizationId}/ledgers/${ledgerId}/transactions`;
    const post = (more: Record<string, unknown>) =>
      api.post(`${at}/json`, json('1', [leg('@a', '1')], [leg('@b', '1')], more));
    const skipped = { feesSkipped: true, tracerSkipped: false };
    const made = await post({ skip: { fees: true, tracer: false }, pending: true });
    expect(made.body).toMatchObject(skipped);
    expect((await api.post(`${at}/${made.body.id}/commit`, undefined)).body).toMatchObject(skipped);
    expect((await api.get(`${at}/${made.body.id}`)).body).toMatchObject(skipped);
    expect((await post({ skip: { tracer: true } })).body).toMatchObject({ feesSkipped: false, tracerSkipped: true });
    expect((await api.post(`${at}/${made.body.id}/revert`, undefined)).body).toMatchObject({ feesSkipped: false });
  });
});
