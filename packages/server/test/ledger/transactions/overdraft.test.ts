import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';
import { json, leg } from './transaction-api.js';

let api: LedgerApi;
let path: string;
beforeAll(async () => {
  api = await createLedgerApi({ implicitIdempotency: false });
  path = (await createBooks(api)).ledgerPath;
});
afterAll(() => api.close());

let made = 0;
/** An account that may overdraw, with something on it, and one to pay to. */
async function open({ available = '100', limit }: { available?: string; limit?: string } = {}) {
  made += 1;
  const [payer, payee] = [`@payer${made}`, `@payee${made}`];
  const { id } = await must(api.post(`${path}/accounts`, { assetCode: 'USD', type: 'deposit', alias: payer }));
  await must(api.post(`${path}/accounts`, { assetCode: 'USD', type: 'deposit', alias: payee }));
  const [balance] = (await must(api.get(`${path}/accounts/${id}/balances`))).items;
  const settings = {
    allowOverdraft: true,
    ...(limit === undefined ? {} : { overdraftLimitEnabled: true, overdraftLimit: limit }),
  };
  const change = (given: object) => must(api.patch(`${path}/balances/${balance.id}`, { settings: given }));
  await change(settings);
  if (available !== '0') await pay('@external/USD', payer, available);
  return { payer, payee, change };
}

const post = (from: string, to: string, value: string, more: Record<string, unknown> = {}, kind = 'json') =>
  api.post(`${path}/transactions/${kind}`, json(value, [leg(from, value)], [leg(to, value)], more));
const pay = (from: string, to: string, value: string, more?: Record<string, unknown>, kind?: string) =>
  must(post(from, to, value, more, kind));
const end = (id: string, how: string) => api.post(`${path}/transactions/${id}/${how}`, undefined);

/** `[available, onHold, overdraftUsed, version]` of a balance by alias and key. */
async function balance(alias: string, key = 'default') {
  const { items } = await must(api.get(`${path}/accounts/alias/${encodeURIComponent(alias)}/balances`));
  const found = items.find((item: { key: string }) => item.key === key);
  return [found.available, found.onHold, found.overdraftUsed, found.version];
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
const rows = ({ operations }: { operations: any[] }) =>
  operations.map((o) => [
    `${o.accountAlias}#${o.balanceKey}`,
    o.type,
    o.direction,
    o.amount.value,
    `${o.balance.available}/${o.balance.onHold}/${o.balance.overdraftUsed}`,
    `${o.balanceAfter.available}/${o.balanceAfter.onHold}/${o.balanceAfter.overdraftUsed}`,
  ]);

describe('an overdraft', () => {
  it('is drawn by a debit beyond what is available and paid back first by a credit', async () => {
    const { payer, payee } = await open();
    const drawn = await pay(payer, payee, '150', { metadata: { m: 1 }, description: 'd' });
    expect(rows(drawn)).toEqual([
      [`${payee}#default`, 'CREDIT', 'credit', '150', '0/0/0', '150/0/0'],
      [`${payer}#default`, 'DEBIT', 'debit', '100', '100/0/0', '0/0/50'],
      [`${payer}#overdraft`, 'OVERDRAFT', 'debit', '50', '0/0/0', '50/0/50'],
    ]);
    expect(drawn.operations[2]).toMatchObject({ metadata: null, chartOfAccounts: '', route: '' });
    expect([drawn.source, drawn.destination, drawn.amount]).toEqual([[payer], [payee], '150']);
    expect(await balance(payer)).toEqual(['0', '0', '50', 2]);
    const repaid = await pay('@external/USD', payer, '70');
    expect(rows(repaid).slice(1)).toEqual([
      [`${payer}#default`, 'CREDIT', 'credit', '20', '0/0/50', '20/0/0'],
      [`${payer}#overdraft`, 'OVERDRAFT', 'credit', '50', '50/0/50', '0/0/0'],
    ]);
    expect(await balance(payer)).toEqual(['20', '0', '0', 3]);
    expect(await balance(payer, 'overdraft')).toEqual(['0', '0', '0', 2]);
    expect((await must(api.get(`${path}/transactions/${drawn.id}`))).source).toEqual([payer]);
  });

  it('is paid back in part, by the whole of a small credit, even when it is switched off by now', async () => {
    const { payer, payee, change } = await open({ available: '0' });
    await pay(payer, payee, '30');
    await change({ allowOverdraft: false });
    expect(rows(await pay(payee, payer, '10')).slice(1)).toEqual([
      [`${payer}#default`, 'CREDIT', 'credit', '0', '0/0/30', '0/0/20'],
      [`${payer}#overdraft`, 'OVERDRAFT', 'credit', '10', '30/0/30', '20/0/20'],
    ]);
    expect(refusal(await post(payer, payee, '1'))).toEqual({ status: 422, code: '0018' });
  });

  it('ends at its limit, which may be reached', async () => {
    const { payer, payee } = await open({ available: '10', limit: '40' });
    expect(refusal(await post(payer, payee, '50.01'))).toEqual({ status: 422, code: '0167' });
    expect(await balance(payer)).toEqual(['10', '0', '0', 1]);
    await pay(payer, payee, '50');
    expect(await balance(payer)).toEqual(['0', '0', '40', 2]);
    expect(refusal(await post(payer, payee, '0.01'))).toEqual({ status: 422, code: '0167' });
    // Funds of another source come first in the contract's order.
    const { body } = await api.post(
      `${path}/transactions/json`,
      json('2', [leg(payer, '1'), leg('@nothing', '1')], [leg(payee, '2')]),
    );
    expect(body.code).toBe('0019');
    await must(api.post(`${path}/accounts`, { assetCode: 'USD', type: 'deposit', alias: '@nothing' }));
    const poor = json('2', [leg(payer, '1'), leg('@nothing', '1')], [leg(payee, '2')]);
    expect((await api.post(`${path}/transactions/json`, poor)).body.code).toBe('0018');
  });

  it('of a hold is given back exactly by its cancel', async () => {
    const { payer, payee } = await open();
    const held = await pay(payer, payee, '130', { pending: true });
    expect(rows(held)).toEqual([
      [`${payer}#default`, 'ON_HOLD', 'debit', '130', '100/0/0', '0/130/30'],
      [`${payer}#overdraft`, 'OVERDRAFT', 'debit', '30', '0/0/0', '30/0/30'],
    ]);
    await pay(payer, payee, '5'); // owed by another transaction, which the cancel must leave alone
    const cancelled = await must(end(held.id, 'cancel'));
    expect(rows(cancelled)).toEqual([
      [`${payer}#default`, 'RELEASE', 'credit', '130', '0/130/35', '100/0/5'],
      [`${payer}#overdraft`, 'OVERDRAFT', 'credit', '30', '35/0/35', '5/0/5'],
    ]);
    expect([cancelled.source, cancelled.destination]).toEqual([[payer], [payee]]);
    expect(await balance(payer)).toEqual(['100', '0', '5', 4]);
  });

  it('that was paid back while the hold stood is not given back a second time', async () => {
    const { payer, payee } = await open();
    const held = await pay(payer, payee, '130', { pending: true });
    await pay('@external/USD', payer, '20');
    expect(await balance(payer)).toEqual(['0', '130', '10', 3]);
    await must(end(held.id, 'cancel'));
    expect(await balance(payer)).toEqual(['120', '0', '0', 4]);
    expect(await balance(payer, 'overdraft')).toEqual(['0', '0', '0', 3]);
  });

  it('stays owed when the hold is committed, and a pending destination pays back only then', async () => {
    const { payer, payee } = await open();
    const { payer: debtor } = await open({ available: '0' });
    await pay(debtor, payee, '25');
    const held = await pay(payer, debtor, '130', { pending: true });
    expect(await balance(debtor)).toEqual(['0', '0', '25', 1]);
    const committed = await must(end(held.id, 'commit'));
    expect(rows(committed)).toEqual([
      [`${payer}#default`, 'DEBIT', 'debit', '130', '0/130/30', '0/0/30'],
      [`${debtor}#default`, 'CREDIT', 'credit', '105', '0/0/25', '105/0/0'],
      [`${debtor}#overdraft`, 'OVERDRAFT', 'credit', '25', '25/0/25', '0/0/0'],
    ]);
    expect(await balance(payer)).toEqual(['0', '0', '30', 3]);
    const reverted = await must(end(held.id, 'revert'));
    expect(reverted.amount).toBe('130');
    expect(rows(reverted)).toEqual([
      [`${payer}#default`, 'CREDIT', 'credit', '100', '0/0/30', '100/0/0'],
      [`${debtor}#default`, 'DEBIT', 'debit', '105', '105/0/0', '0/0/25'],
      [`${payer}#overdraft`, 'OVERDRAFT', 'credit', '30', '30/0/30', '0/0/0'],
      [`${debtor}#overdraft`, 'OVERDRAFT', 'debit', '25', '0/0/0', '25/0/25'],
    ]);
  });

  it('is undone with its transaction', async () => {
    const { payer, payee } = await open();
    const drawn = await pay(payer, payee, '150');
    const reverted = await must(end(drawn.id, 'revert'));
    expect(reverted.parentTransactionId).toBe(drawn.id);
    expect(await balance(payer)).toEqual(['100', '0', '0', 3]);
    expect(await balance(payer, 'overdraft')).toEqual(['0', '0', '0', 2]);
    expect(await balance(payee)).toEqual(['0', '0', '0', 2]);
  });

  it('is drawn by a block and by nothing that moves no money', async () => {
    const { payer, payee } = await open({ available: '5' });
    expect(rows(await pay(payer, payee, '8', {}, 'annotation')).map(([, type]) => type)).toEqual(['CREDIT', 'DEBIT']);
    expect(rows(await pay(payer, payee, '8', {}, 'block')).slice(1)).toEqual([
      [`${payer}#default`, 'BLOCK', 'debit', '5', '5/0/0', '0/0/3'],
      [`${payer}#overdraft`, 'OVERDRAFT', 'debit', '3', '0/0/0', '3/0/3'],
    ]);
  });

  it('is kept by a balance that clients can neither use, change nor delete', async () => {
    const { payer, payee } = await open();
    for (const [from, to] of [
      [leg(payer, '1', { balanceKey: 'overdraft' }), leg(payee, '1')],
      [leg(payee, '1'), leg(payer, '1', { balanceKey: 'OVERDRAFT' })],
    ] as const)
      expect(refusal(await api.post(`${path}/transactions/json`, json('1', [from], [to])))).toEqual({
        status: 422,
        code: '0168',
      });
  });
});
