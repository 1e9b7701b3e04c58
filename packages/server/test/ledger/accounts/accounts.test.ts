import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
let organization: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ({ ledgerPath: ledger, organizationPath: organization } = await createBooks(api, { assets: ['USD', 'BRL'] }));
});
afterAll(() => api.close());

const unknownId = '019c96a0-0000-7000-8000-00000000dead';
const usd = { assetCode: 'USD', type: 'deposit' };
const create = (more: object = {}, path = ledger) => must(api.post(`${path}/accounts`, { ...usd, ...more }));
const refuse = async (more: object, path = ledger) => refusal(await api.post(`${path}/accounts`, { ...usd, ...more }));
let ledgers = 0;
/** A ledger of its own, for settings and lists that others must not see. */
const freshLedger = async (settings?: object) => {
  ledgers += 1;
  const { id } = await must(api.post(`${organization}/ledgers`, { name: `Fresh ${ledgers}` }));
  const path = `${organization}/ledgers/${id}`;
  for (const code of ['USD', 'BRL']) await must(api.post(`${path}/assets`, { name: code, type: 'currency', code }));
  if (settings) await must(api.patch(`${path}/settings`, settings));
  return path;
};
const setAvailable = (accountId: string, available: string) =>
  api.store.adminPool.query('update balance set available = $2 where account_id = $1', [accountId, available]);

describe('create', () => {
  test('answers 201 with every member of the contract and makes the default balance', async () => {
    const { status, body } = await api.post(`${ledger}/accounts`, { name: 'Alice', alias: '@alice', ...usd });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      name: 'Alice',
      parentAccountId: null,
      entityId: null,
      holderId: expect.any(String),
      assetCode: 'USD',
      organizationId: organization.split('/').at(-1),
      ledgerId: ledger.split('/').at(-1),
      portfolioId: null,
      segmentId: null,
      status: { code: 'ACTIVE', description: null },
      alias: '@alice',
      type: 'deposit',
      blocked: false,
      holderCheckSkipped: false,
      createdAt: expect.any(String),
      updatedAt: body.createdAt,
      deletedAt: null,
    });
    expect((await api.get(`${ledger}/accounts/${body.id}`)).body).toEqual(body);
    expect(await must(api.get(`${ledger}/accounts/alias/@alice`))).toEqual(body);
    expect(await must(api.get(`${ledger}/accounts/alias/%40alice`))).toEqual(body);
    const { items } = await must(api.get(`${ledger}/accounts/${body.id}/balances`));
    expect(items).toEqual([
      {
        id: expect.any(String),
        organizationId: body.organizationId,
        ledgerId: body.ledgerId,
        accountId: body.id,
        alias: '@alice',
        key: 'default',
        assetCode: 'USD',
        available: '0',
        onHold: '0',
        version: 0,
        accountType: 'deposit',
        allowSending: true,
        allowReceiving: true,
        direction: 'credit',
        overdraftUsed: '0',
        createdAt: body.createdAt,
        updatedAt: body.createdAt,
        deletedAt: null,
      },
    ]);
    const { rows } = await api.store.adminPool.query('select event from outbox where record_id = any($1)', [
      [body.id, items[0].id],
    ]);
    expect(rows).toEqual([{ event: 'account.created' }]);
  });

  test('names an account by asset and type, and by its id where there is no alias', async () => {
    const account = await create({ alias: null });
    expect(account).toMatchObject({ name: 'USD deposit account', alias: account.id });
    expect((await must(api.get(`${ledger}/accounts/alias/${account.id}`))).id).toBe(account.id);
  });

  test('recognises external accounts in any case, which need an alias and have a debit-direction balance', async () => {
    const missing = await api.post(`${ledger}/accounts`, { assetCode: 'USD', type: 'External' });
    expect(refusal(missing)).toEqual({ status: 400, code: '0009' });
    expect(missing.body).not.toHaveProperty('errors');
    const account = await create({ type: 'EXTERNAL', alias: 'bank-abroad' });
    expect(account.type).toBe('external');
    const { items } = await must(api.get(`${ledger}/accounts/alias/bank-abroad/balances`));
    expect(items).toEqual([expect.objectContaining({ direction: 'debit', accountType: 'external' })]);
    expect(refusal(await api.patch(`${ledger}/accounts/${account.id}`, { name: 'X' }))).toEqual({
      status: 422,
      code: '0074',
    });
    expect(refusal(await api.delete(`${ledger}/accounts/${account.id}`))).toEqual({ status: 422, code: '0074' });
  });

  test.each([
    ['a missing asset code', { assetCode: undefined }, 400, '0009'],
    ['an unknown member', { colour: 'red' }, 400, '0053'],
    ['a bad alias, before a missing type', { alias: 'a b', type: undefined }, 400, '0096'],
    ['an empty alias', { alias: '' }, 400, '0096'],
    ['a letter beyond ASCII in the alias', { alias: 'josé' }, 400, '0096'],
    ['an alias of the system', { alias: '@external/USD' }, 400, '0047'],
    ['an alias too long', { alias: 'a'.repeat(101) }, 400, '0047'],
    ['a parent that is no UUID', { parentAccountId: 'x' }, 400, '0047'],
    ['a UUID in capitals', { portfolioId: '019C96A0-0000-7000-8000-00000000DEAD' }, 400, '0047'],
    ['an unknown asset', { assetCode: 'EUR' }, 404, '0034'],
    ['an unknown portfolio, looked up for its entity', { portfolioId: unknownId }, 404, '0007'],
    ['an unknown portfolio', { portfolioId: unknownId, entityId: 'e' }, 404, '0035'],
    ['an unknown segment', { segmentId: unknownId }, 404, '0036'],
    ['an unknown parent', { parentAccountId: unknownId }, 400, '0029'],
    ['a skip that the ledger does not allow', { skip: { holder: true } }, 422, '0490'],
    ['an unknown asset, before an unknown segment', { assetCode: 'EUR', segmentId: unknownId }, 404, '0034'],
    ['text for a flag', { blocked: 'true' }, 400, '0094'],
  ])('refuses %s', async (_, more, status, code) => {
    const before = (await api.head(`${ledger}/accounts/metrics/count`)).headers['x-total-count'];
    expect(await refuse(more)).toEqual({ status, code });
    expect((await api.head(`${ledger}/accounts/metrics/count`)).headers['x-total-count']).toBe(before);
  });

  test('says what an alias of the system is not', async () => {
    const { body } = await api.post(`${ledger}/accounts`, { ...usd, alias: '@external/USD' });
    expect(body.fields).toEqual({ alias: "alias cannot contain the text '@external/'" });
  });

  test('refuses an unknown or deleted ledger as not found, since its settings are read first', async () => {
    const gone = await freshLedger();
    await must(api.delete(gone));
    for (const path of [gone, `${organization}/ledgers/${unknownId}`]) {
      const answer = await api.post(`${path}/accounts`, usd);
      expect(answer.body).toMatchObject({ status: 404, code: '0007', entityType: 'Ledger' });
    }
  });

  test('links to portfolio, segment and parent, and takes the entity of the portfolio', async () => {
    const portfolio = await must(api.post(`${ledger}/portfolios`, { name: 'P', entityId: 'customer-1' }));
    const segment = await must(api.post(`${ledger}/segments`, { name: 'S' }));
    const parent = await create();
    const links = { portfolioId: portfolio.id, segmentId: segment.id, parentAccountId: parent.id };
    expect(await create(links)).toMatchObject({ ...links, entityId: 'customer-1' });
    expect((await create({ ...links, entityId: 'own' })).entityId).toBe('own');
    expect(await refuse({ parentAccountId: parent.id, assetCode: 'BRL' })).toEqual({ status: 422, code: '0030' });
    await must(api.delete(`${ledger}/segments/${segment.id}`));
    expect(await refuse(links)).toEqual({ status: 404, code: '0036' });
    const foreign = await create({}, await freshLedger());
    expect(await refuse({ parentAccountId: foreign.id })).toEqual({ status: 400, code: '0029' });
  });

  test('takes an alias once a ledger among what lives', async () => {
    const first = await create({ alias: 'once' });
    expect(await refuse({ alias: 'once' })).toEqual({ status: 409, code: '0020' });
    await create({ alias: 'ONCE' });
    await create({ alias: 'once' }, await freshLedger());
    await must(api.delete(`${ledger}/accounts/${first.id}`));
    await create({ alias: 'once' });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.post(`${ledger}/accounts`, { ...usd, alias: 'raced' })),
    );
    expect(answers.map(({ status, body }) => (status === 201 ? 201 : body.code)).sort()).toEqual([
      ...Array(7).fill('0020'),
      201,
    ]);
  });

  test('asks for a holder when the ledger does, unless the ledger allows to skip it', async () => {
    const path = await freshLedger({ accounting: { requireHolder: true } });
    expect(await refuse({}, path)).toEqual({ status: 422, code: '0491' });
    expect(await refuse({ holderId: unknownId }, path)).toEqual({ status: 404, code: 'CRM-0006' });
    expect(await refuse({ skip: { holder: true } }, path)).toEqual({ status: 422, code: '0490' });
    await must(api.patch(`${path}/settings`, { overrides: { allowHolderSkip: true } }));
    expect((await create({ skip: { holder: true } }, path)).holderCheckSkipped).toBe(true);
    expect((await create({ type: 'external', alias: 'abroad' }, path)).holderCheckSkipped).toBe(false);
  });
});

describe('change', () => {
  test('null clears portfolio, segment and entity; what is left out stays', async () => {
    const portfolio = await must(api.post(`${ledger}/portfolios`, { name: 'P', entityId: 'e1' }));
    const segment = await must(api.post(`${ledger}/segments`, { name: 'To clear' }));
    const account = await create({ portfolioId: portfolio.id, segmentId: segment.id, metadata: { a: 1 } });
    const url = `${ledger}/accounts/${account.id}`;
    expect(await must(api.patch(url, { name: '', status: {} }))).toMatchObject({
      name: 'USD deposit account',
      portfolioId: portfolio.id,
      segmentId: segment.id,
      entityId: 'e1',
      metadata: { a: 1 },
    });
    expect(
      await must(api.patch(url, { portfolioId: null, segmentId: null, entityId: null, blocked: true })),
    ).toMatchObject({
      portfolioId: null,
      segmentId: null,
      entityId: null,
      blocked: true,
    });
    expect(await must(api.patch(url, { segmentId: segment.id }))).toMatchObject({
      segmentId: segment.id,
      blocked: true,
    });
  });

  test('refuses what is not there and what never changes', async () => {
    const url = `${ledger}/accounts/${(await create()).id}`;
    expect(refusal(await api.patch(url, { portfolioId: unknownId }))).toEqual({ status: 404, code: '0035' });
    expect(refusal(await api.patch(url, { segmentId: unknownId }))).toEqual({ status: 404, code: '0036' });
    for (const body of [
      { alias: 'new' },
      { assetCode: 'BRL' },
      { type: 'loan' },
      { parentAccountId: unknownId },
      { holderId: unknownId },
    ])
      expect(refusal(await api.patch(url, body))).toEqual({ status: 400, code: '0053' });
  });
});

describe('delete', () => {
  test('takes the balances along and hides the account in the words of an unknown id', async () => {
    const account = await create({ alias: 'leaving' });
    await must(api.post(`${ledger}/accounts/${account.id}/balances`, { key: 'savings' }));
    const { items } = await must(api.get(`${ledger}/accounts/${account.id}/balances`));
    expect(items).toHaveLength(2);
    const url = `${ledger}/accounts/${account.id}`;
    expect(await api.delete(url)).toMatchObject({ status: 204, text: '' });
    const unknown = await api.get(`${ledger}/accounts/${unknownId}`);
    for (const answer of [await api.get(url), await api.delete(url), await api.patch(url, {})])
      expect(answer.text).toBe(unknown.text);
    expect(refusal(await api.get(`${ledger}/accounts/alias/leaving`))).toEqual({ status: 404, code: '0085' });
    expect(await must(api.get(`${ledger}/accounts/alias/leaving/balances`))).toEqual({ items: [], limit: 10 });
    expect((await must(api.get(`${url}/balances`))).items).toEqual([]);
    for (const { id } of items)
      expect(refusal(await api.get(`${ledger}/balances/${id}`))).toEqual({ status: 404, code: '0007' });
    const { rows } = await api.store.adminPool.query(
      'select allow_sending, allow_receiving from balance where account_id = $1',
      [account.id],
    );
    expect(rows).toEqual(Array(2).fill({ allow_sending: false, allow_receiving: false }));
  });

  test.each([
    ['available', '0.01'],
    ['on_hold', '5'],
  ])('refuses an account with something %s, and changes nothing', async (column, amount) => {
    const account = await create();
    await api.store.adminPool.query(`update balance set ${column} = $2 where account_id = $1`, [account.id, amount]);
    expect(refusal(await api.delete(`${ledger}/accounts/${account.id}`))).toEqual({ status: 422, code: '0012' });
    expect((await must(api.get(`${ledger}/accounts/${account.id}/balances`))).items[0]).toMatchObject({
      allowSending: true,
    });
    await setAvailable(account.id, '0.00');
    await api.store.adminPool.query('update balance set on_hold = 0 where account_id = $1', [account.id]);
    await must(api.delete(`${ledger}/accounts/${account.id}`));
  });

  test('waits for whoever holds the balance and looks again', async () => {
    const account = await create();
    const holder = await api.store.adminPool.connect();
    await holder.query('begin');
    await holder.query('update balance set available = 1 where account_id = $1', [account.id]);
    const deleting = api.delete(`${ledger}/accounts/${account.id}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await holder.query('commit');
    holder.release();
    expect(refusal(await deleting)).toEqual({ status: 422, code: '0012' });
    await setAvailable(account.id, '0');
  });
});

test('by alias and by external code, an unknown one is 0085, in this ledger only', async () => {
  const foreign = await freshLedger();
  await create({ alias: 'elsewhere' }, foreign);
  const unknown = await api.get(`${ledger}/accounts/alias/nobody`);
  expect(refusal(unknown)).toEqual({ status: 404, code: '0085' });
  expect((await api.get(`${ledger}/accounts/alias/elsewhere`)).text).toBe(unknown.text);
  expect((await api.get(`${ledger}/accounts/external/XXX`)).text).toBe(unknown.text);
  expect((await must(api.get(`${ledger}/accounts/alias/%40external%2FBRL`))).alias).toBe('@external/BRL');
});

describe('list', () => {
  let path: string;
  const names: string[] = [];
  beforeAll(async () => {
    path = await freshLedger();
    const portfolio = await must(api.post(`${path}/portfolios`, { name: 'P', entityId: 'e1' }));
    const given = [
      { name: 'One', alias: 'a_1', type: 'deposit', portfolioId: portfolio.id },
      { name: 'Two', alias: 'aX1', type: 'loan', blocked: true, metadata: { tier: 'gold' } },
      { name: 'onehundred%', assetCode: 'BRL', alias: '@three', status: 'BLOCKED', entityId: 'e2' },
    ];
    for (const body of given) names.push((await create(body, path)).name);
  });
  const list = async (query: string) =>
    (await must(api.get(`${path}/accounts?${query}`))).items.map(({ name }: { name: string }) => name);

  test('filters', async () => {
    expect(await list('sort_order=desc')).toEqual(['onehundred%', 'Two', 'One', 'External BRL', 'External USD']);
    expect(await list('limit=2&page=2')).toEqual(['One', 'Two']);
    expect(await list('name=ONE')).toEqual(['One', 'onehundred%']);
    expect(await list('alias=A_')).toEqual(['One']);
    expect(await list('alias=%40t')).toEqual(['onehundred%']);
    expect(await list('type=LOAN')).toEqual(['Two']);
    expect(await list('asset_code=brl')).toEqual(['External BRL', 'onehundred%']);
    expect(await list('status=blocked')).toEqual(['onehundred%']);
    expect(await list('blocked=1')).toEqual(['Two']);
    expect(await list('entity_id=e1')).toEqual(['One']);
    expect(await list('metadata.tier=gold')).toEqual(['Two']);
    const [{ portfolioId }] = (await must(api.get(`${path}/accounts?name=One&limit=1`))).items;
    expect(await list(`portfolio_id=${portfolioId}`)).toEqual(['One']);
    expect(await list(`parent_account_id=${unknownId}&segment_id=${unknownId}`)).toEqual([]);
    expect((await api.head(`${path}/accounts/metrics/count`)).headers['x-total-count']).toBe('5');
    expect(refusal(await api.get(`${path}/accounts?metadata.tier=lead`))).toEqual({ status: 404, code: '0064' });
  });

  test.each([
    'portfolio_id=x',
    'segment_id=x',
    'parent_account_id=x',
    'status=PENDING',
    'blocked=maybe',
    `name=${'x'.repeat(257)}`,
  ])('refuses ?%s', async (query) => {
    expect(refusal(await api.get(`${path}/accounts?${query}`))).toEqual({ status: 400, code: '0082' });
  });
});
