import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
let organization: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ({ ledgerPath: ledger, organizationPath: organization } = await createBooks(api));
});
afterAll(() => api.close());

const unknownId = '019c96a0-0000-7000-8000-00000000dead';
const account = (more: object = {}) =>
  must(api.post(`${ledger}/accounts`, { assetCode: 'USD', type: 'deposit', ...more }));
const balancesOf = async (id: string) => (await must(api.get(`${ledger}/accounts/${id}/balances`))).items;
const set = (id: string, columns: string) =>
  api.store.adminPool.query(`update balance set ${columns} where id = $1`, [id]);
const events = async (ids: string[]) =>
  (
    await api.store.adminPool.query('select event, record_id from outbox where record_id = any($1) order by position', [
      ids,
    ])
  ).rows;

describe('an additional balance', () => {
  test('has a key of its own in lower case and what the default balance has', async () => {
    const { id, alias } = await account({ alias: 'saver' });
    const { status, body } = await api.post(`${ledger}/accounts/${id}/balances`, {
      key: 'Savings',
      allowSending: false,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      accountId: id,
      alias,
      key: 'savings',
      assetCode: 'USD',
      accountType: 'deposit',
      available: '0',
      onHold: '0',
      overdraftUsed: '0',
      version: 0,
      direction: 'credit',
      allowSending: false,
      allowReceiving: true,
      deletedAt: null,
    });
    expect(body).not.toHaveProperty('settings');
    expect((await api.get(`${ledger}/balances/${body.id}`)).body).toEqual(body);
    expect((await balancesOf(id)).map(({ key }: { key: string }) => key)).toEqual(['default', 'savings']);
    expect(await events([body.id])).toEqual([{ event: 'balance.created', record_id: body.id }]);
  });

  test.each([
    ['no key', {}, 400, '0009'],
    ['whitespace in the key', { key: 'a b' }, 400, '0047'],
    ['a key too long', { key: 'k'.repeat(101) }, 400, '0047'],
    ['the system key, before a bad direction', { key: 'OverDraft', direction: 'up' }, 422, '0170'],
    [
      'a bad direction, before bad settings',
      { key: 'x', direction: 'up', settings: { balanceScope: 'internal' } },
      400,
      '0171',
    ],
    ['the internal scope', { key: 'x', settings: { balanceScope: 'internal' } }, 400, '0172'],
    ['an unknown scope', { key: 'x', settings: { balanceScope: 'wide' } }, 400, '0172'],
    ['a limit that is switched off', { key: 'x', settings: { overdraftLimit: '5' } }, 400, '0172'],
    ['no limit where it is switched on', { key: 'x', settings: { overdraftLimitEnabled: true } }, 400, '0172'],
    ['a limit of zero', { key: 'x', settings: { overdraftLimitEnabled: true, overdraftLimit: '0.00' } }, 400, '0172'],
    [
      'a limit that is no number',
      { key: 'x', settings: { overdraftLimitEnabled: true, overdraftLimit: 'much' } },
      400,
      '0172',
    ],
    [
      'a limit as a JSON number',
      { key: 'x', settings: { overdraftLimitEnabled: true, overdraftLimit: 5 } },
      400,
      '0094',
    ],
    ['an unknown setting', { key: 'x', settings: { colour: 'red' } }, 400, '0053'],
    ['a key that is taken, in any case', { key: 'DEFAULT' }, 409, '0123'],
  ])('is refused with %s', async (_, body, status, code) => {
    const { id } = await account();
    expect(refusal(await api.post(`${ledger}/accounts/${id}/balances`, body))).toEqual({ status, code });
    expect(await balancesOf(id)).toHaveLength(1);
  });

  test('needs an account with a default balance, and no external one', async () => {
    expect(refusal(await api.post(`${ledger}/accounts/${unknownId}/balances`, { key: 'x' }))).toEqual({
      status: 404,
      code: '0007',
    });
    const { id } = await account();
    const [{ id: balanceId }] = await balancesOf(id);
    await must(api.delete(`${ledger}/balances/${balanceId}`));
    expect(refusal(await api.post(`${ledger}/accounts/${id}/balances`, { key: 'x' }))).toEqual({
      status: 404,
      code: '0007',
    });
    const external = await must(api.get(`${ledger}/accounts/external/USD`));
    expect(refusal(await api.post(`${ledger}/accounts/${external.id}/balances`, { key: 'x' }))).toEqual({
      status: 422,
      code: '0124',
    });
  });

  test('is made once by racing requests', async () => {
    const { id } = await account();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => api.post(`${ledger}/accounts/${id}/balances`, { key: 'raced' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(5).fill(409)]);
  });
});

describe('change', () => {
  test('takes the flags and the settings, and nothing else', async () => {
    const { id } = await account();
    const [{ id: balanceId }] = await balancesOf(id);
    const url = `${ledger}/balances/${balanceId}`;
    await set(balanceId, `available = 12.50, on_hold = 1, version = 4`);
    expect(await must(api.patch(url, { allowSending: false }))).toMatchObject({
      allowSending: false,
      allowReceiving: true,
      available: '12.5',
      onHold: '1',
      version: 4,
    });
    expect(await must(api.patch(url, { allowReceiving: false, settings: null }))).not.toHaveProperty('settings');
    expect(await must(api.patch(url, {}))).toMatchObject({ allowSending: false, allowReceiving: false });
    for (const body of [{ available: '5' }, { key: 'new' }, { metadata: { a: 'b' } }])
      expect(refusal(await api.patch(url, body))).toEqual({ status: 400, code: '0053' });
    expect(refusal(await api.patch(url, { settings: { balanceScope: 'internal' } }))).toEqual({
      status: 400,
      code: '0172',
    });
    expect(refusal(await api.patch(`${ledger}/balances/${unknownId}`, {}))).toEqual({ status: 404, code: '0007' });
    expect(await events([balanceId])).toEqual(Array(3).fill({ event: 'balance.config-changed', record_id: balanceId }));
  });

  test('allowing overdraft makes the companion balance once, which stays and cannot be touched', async () => {
    const { id } = await account({ alias: 'debtor' });
    const [{ id: balanceId }] = await balancesOf(id);
    const url = `${ledger}/balances/${balanceId}`;
    const settings = { allowOverdraft: true, overdraftLimitEnabled: true, overdraftLimit: '100.50' };
    expect((await must(api.patch(url, { settings }))).settings).toEqual({
      balanceScope: 'transactional',
      ...settings,
      overdraftLimit: '100.5',
    });
    const [, companion] = await balancesOf(id);
    expect(companion).toMatchObject({
      key: 'overdraft',
      alias: 'debtor',
      direction: 'debit',
      available: '0',
      allowSending: true,
      allowReceiving: true,
      settings: { balanceScope: 'internal' },
    });
    expect(await events([balanceId, companion.id])).toEqual(
      [companion.id, balanceId].map((record_id) => ({ event: 'balance.config-changed', record_id })),
    );
    expect((await must(api.patch(url, { settings: { allowOverdraft: false } }))).settings).toEqual({
      balanceScope: 'transactional',
      allowOverdraft: false,
      overdraftLimitEnabled: false,
    });
    await must(api.patch(url, { settings: { allowOverdraft: true } }));
    expect(await balancesOf(id)).toHaveLength(2);

    const companionUrl = `${ledger}/balances/${companion.id}`;
    expect(refusal(await api.patch(companionUrl, { settings: { balanceScope: 'internal' } }))).toEqual({
      status: 422,
      code: '0175',
    });
    expect(refusal(await api.delete(companionUrl))).toEqual({ status: 422, code: '0169' });
    await must(api.delete(`${ledger}/accounts/${id}`));
    expect(refusal(await api.get(companionUrl))).toEqual({ status: 404, code: '0007' });
  });

  test('refuses a limit below what is overdrawn, and lets overdraft be switched off', async () => {
    const { id } = await account();
    const [{ id: balanceId }] = await balancesOf(id);
    const limit = (overdraftLimit: string) => ({
      settings: { allowOverdraft: true, overdraftLimitEnabled: true, overdraftLimit },
    });
    await must(api.patch(`${ledger}/balances/${balanceId}`, limit('100')));
    await set(balanceId, 'overdraft_used = 60.5');
    expect(refusal(await api.patch(`${ledger}/balances/${balanceId}`, limit('60.49')))).toEqual({
      status: 422,
      code: '0173',
    });
    await must(api.patch(`${ledger}/balances/${balanceId}`, limit('60.50')));
    await must(api.patch(`${ledger}/balances/${balanceId}`, { settings: { allowOverdraft: false } }));
  });
});

describe('delete', () => {
  test('takes an empty balance, the default one included', async () => {
    const { id } = await account({ alias: 'emptied' });
    const [{ id: balanceId }] = await balancesOf(id);
    expect(await api.delete(`${ledger}/balances/${balanceId}`)).toMatchObject({ status: 204, text: '' });
    const unknown = await api.get(`${ledger}/balances/${unknownId}`);
    expect(unknown.body).toMatchObject({ status: 404, code: '0007', entityType: 'Balance' });
    expect((await api.get(`${ledger}/balances/${balanceId}`)).text).toBe(unknown.text);
    expect((await api.delete(`${ledger}/balances/${balanceId}`)).text).toBe(unknown.text);
    expect(await balancesOf(id)).toEqual([]);
    await must(api.delete(`${ledger}/accounts/${id}`));
  });

  test.each(['available = 0.0001', 'on_hold = 3', 'overdraft_used = 1'])('refuses one with %s', async (columns) => {
    const { id } = await account();
    const [{ id: balanceId }] = await balancesOf(id);
    await set(balanceId, columns);
    expect(refusal(await api.delete(`${ledger}/balances/${balanceId}`))).toEqual({ status: 409, code: '0093' });
    expect((await api.get(`${ledger}/balances/${balanceId}`)).status).toBe(200);
  });

  test('waits for whoever holds the balance and looks again', async () => {
    const { id } = await account();
    const [{ id: balanceId }] = await balancesOf(id);
    const holder = await api.store.adminPool.connect();
    await holder.query('begin');
    await holder.query('update balance set available = 1 where id = $1', [balanceId]);
    const deleting = api.delete(`${ledger}/balances/${balanceId}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await holder.query('commit');
    holder.release();
    expect(refusal(await deleting)).toEqual({ status: 409, code: '0093' });
  });
});

describe('lists', () => {
  let path: string;
  const ids: string[] = [];
  beforeAll(async () => {
    path = `${organization}/ledgers/${(await must(api.post(`${organization}/ledgers`, { name: 'Listed' }))).id}`;
    await must(api.post(`${path}/assets`, { name: 'BRL', type: 'currency', code: 'BRL' }));
    const { id } = await must(api.post(`${path}/accounts`, { assetCode: 'BRL', type: 'deposit', alias: 'many' }));
    for (const key of ['b', 'a', 'c']) await must(api.post(`${path}/accounts/${id}/balances`, { key }));
    ids.push(...(await must(api.get(`${path}/balances`))).items.map((item: { id: string }) => item.id));
  });
  const page = async (query: string) => {
    const { body } = await api.get(`${path}/balances?${query}`);
    return { at: body.items.map((item: { id: string }) => ids.indexOf(item.id)), ...body };
  };

  test('by cursor, forth and back, in both orders', async () => {
    expect(ids).toHaveLength(5);
    const first = await page('limit=2');
    expect(first).toMatchObject({ at: [0, 1], limit: 2, meta: { nextCursor: first.next_cursor } });
    expect(first).not.toHaveProperty('prev_cursor');
    expect(first).not.toHaveProperty('page');
    expect(JSON.parse(Buffer.from(first.next_cursor, 'base64').toString())).toEqual({ id: ids[1], direction: 'next' });
    const second = await page(`limit=2&cursor=${encodeURIComponent(first.next_cursor)}`);
    expect(second.at).toEqual([2, 3]);
    const third = await page(`limit=2&cursor=${encodeURIComponent(second.next_cursor)}`);
    expect(third.at).toEqual([4]);
    expect(third).not.toHaveProperty('next_cursor');
    const back = await page(`limit=2&cursor=${encodeURIComponent(third.prev_cursor)}`);
    expect(back.at).toEqual([2, 3]);
    expect(back.next_cursor).toBe(second.next_cursor);
    const start = await page(`limit=2&cursor=${encodeURIComponent(back.prev_cursor)}`);
    expect(start.at).toEqual([0, 1]);
    expect(start).not.toHaveProperty('prev_cursor');
    const down = await page('limit=4&sort_order=desc');
    expect(down.at).toEqual([4, 3, 2, 1]);
    const rest = await page(`limit=4&sort_order=desc&cursor=${encodeURIComponent(down.next_cursor)}`);
    expect(rest.at).toEqual([0]);
    expect((await page(`limit=4&sort_order=desc&cursor=${encodeURIComponent(rest.prev_cursor)}`)).at).toEqual([
      4, 3, 2, 1,
    ]);
  });

  test('take an older cursor and refuse what is none', async () => {
    const older = Buffer.from(JSON.stringify({ id: ids[1], points_next: true })).toString('base64url');
    expect((await page(`cursor=${older}`)).at).toEqual([2, 3, 4]);
    for (const query of ['cursor=!', 'cursor=bm9uZQ==', 'limit=x', 'page=0'])
      expect(refusal(await api.get(`${path}/balances?${query}`))).toEqual({ status: 400, code: '0082' });
  });

  test('by account, alias and external code, the default balance first, never 404', async () => {
    const { items, limit, ...rest } = await must(api.get(`${path}/accounts/alias/many/balances`));
    expect({ keys: items.map(({ key }: { key: string }) => key), limit, rest }).toEqual({
      keys: ['default', 'b', 'a', 'c'],
      limit: 10,
      rest: {},
    });
    expect((await must(api.get(`${path}/accounts/external/BRL/balances`))).items).toHaveLength(1);
    expect(await must(api.get(`${path}/accounts/alias/nobody/balances`))).toEqual({ items: [], limit: 10 });
    expect(await must(api.get(`${path}/accounts/external/XXX/balances`))).toEqual({ items: [], limit: 10 });
    expect(await must(api.get(`${path}/accounts/${unknownId}/balances`))).toEqual({ items: [], limit: 10, meta: {} });
    expect((await must(api.get(`${ledger}/accounts/${items[0].accountId}/balances`))).items).toEqual([]);
  });
});
