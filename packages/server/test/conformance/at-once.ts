import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type Call, expectStatus, refusal } from './modes.js';

/**
 * What must hold when 50 clients want the same at the same moment, over HTTP (issue "the whole ledger API", Must hold).
 * `doors`: one client for each process that serves the books; the 50 take turns among them.
 */
export async function fiftyAtOnce(doors: readonly Call[], at: string): Promise<void> {
  const [call] = doors as [Call];
  const make = (path: string, body?: unknown) => expectStatus(201, call('POST', `${at}/${path}`, body));
  const leg = (accountAlias: string, value: string) => ({ accountAlias, amount: { asset: 'USD', value } });
  const transfer = (from: string, to: string, value: string, more: object = {}) => ({
    description: randomUUID(),
    send: { asset: 'USD', value, source: { from: [leg(from, value)] }, distribute: { to: [leg(to, value)] } },
    ...more,
  });
  const hold = async (from: string, to: string, value: string): Promise<string> =>
    (await make('transactions/json', transfer(from, to, value, { pending: true }))).id;
  const balances = async (alias: string) => {
    const { items } = await expectStatus(200, call('GET', `${at}/accounts/alias/${alias}/balances`));
    const state = ({ available, onHold, overdraftUsed }: Record<string, string>) => [available, onHold, overdraftUsed];
    return Object.fromEntries(items.map((one: Record<string, string>) => [one['key'], state(one)]));
  };
  const open = async (funds: string) => {
    const [from, to] = [`@from-${randomUUID()}`, `@to-${randomUUID()}`];
    for (const alias of [from, to]) await make('accounts', { assetCode: 'USD', type: 'deposit', alias });
    const send = { asset: 'USD', value: funds, distribute: { to: [leg(from, funds)] } };
    await make('transactions/inflow', { description: randomUUID(), send });
    return { from, to };
  };
  const fifty = async (request: (i: number) => [path: string, body?: unknown]) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const [path, body] = request(i);
        return (doors[i % doors.length] as Call)('POST', `${at}/transactions/${path}`, body);
      }),
    );
    const counts = new Map<string, number>();
    for (const answer of answers) {
      const outcome = answer.status === 201 ? '201' : refusal(answer);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  };

  const committed = await open('100');
  const first = await hold(committed.from, committed.to, '40');
  expect(await fifty(() => [`${first}/commit`])).toEqual({ '201': 1, '409/0486': 49 });
  expect([await balances(committed.from), await balances(committed.to)]).toEqual([
    { default: ['60', '0', '0'] },
    { default: ['40', '0', '0'] },
  ]);
  expect(await fifty(() => [`${first}/revert`])).toEqual({ '201': 1, '409/0087': 49 });
  expect([await balances(committed.from), await balances(committed.to)]).toEqual([
    { default: ['100', '0', '0'] },
    { default: ['0', '0', '0'] },
  ]);

  // 10 of its own, 30 of the overdraft: both come back, to the cent, and once.
  const cancelled = await open('10');
  const { items } = await expectStatus(200, call('GET', `${at}/accounts/alias/${cancelled.from}/balances`));
  await expectStatus(200, call('PATCH', `${at}/balances/${items[0].id}`, { settings: { allowOverdraft: true } }));
  const drawn = await hold(cancelled.from, cancelled.to, '40');
  expect(await balances(cancelled.from)).toEqual({ default: ['0', '40', '30'], overdraft: ['30', '0', '0'] });
  expect(await fifty(() => [`${drawn}/cancel`])).toEqual({ '201': 1, '409/0486': 49 });
  expect(await balances(cancelled.from)).toEqual({ default: ['10', '0', '0'], overdraft: ['0', '0', '0'] });

  const disputed = await open('100');
  const either = await hold(disputed.from, disputed.to, '40');
  expect(await fifty((i) => [`${either}/${i % 2 ? 'commit' : 'cancel'}`])).toEqual({ '201': 1, '409/0486': 49 });
  const { status } = await expectStatus(200, call('GET', `${at}/transactions/${either}`));
  expect([status.code, await balances(disputed.from)]).toEqual(
    status.code === 'APPROVED'
      ? ['APPROVED', { default: ['60', '0', '0'] }]
      : ['CANCELED', { default: ['100', '0', '0'] }],
  );

  const held = await open('100');
  const placed = await fifty(() => ['json', transfer(held.from, held.to, '9', { pending: true })]);
  expect(placed).toEqual({ '201': 11, '422/0018': 39 });
  expect(await balances(held.from)).toEqual({ default: ['1', '99', '0'] });
}
