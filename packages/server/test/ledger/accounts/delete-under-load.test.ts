import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must } from '../support/ledger-api.js';

let api: LedgerApi;
let ledger: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ledger = (await createBooks(api)).ledgerPath;
});
afterAll(() => api.close());

/** Whatever order the database gives them, no money may be left in a balance that nobody can see any more. */
test.each(['accounts', 'balances'])('postings race with the deletion of their %s', async (deleted) => {
  let refused = 0;
  for (let round = 0; round < 15; round += 1) {
    const alias = `@${deleted}-${round}`;
    const account = await must(api.post(`${ledger}/accounts`, { assetCode: 'USD', type: 'deposit', alias }));
    const [balance] = (await must(api.get(`${ledger}/accounts/${account.id}/balances`))).items;
    const id = deleted === 'accounts' ? account.id : balance.id;
    const inflow = (value: string) =>
      api.post(`${ledger}/transactions/inflow`, {
        description: `${alias} ${value}`,
        send: { asset: 'USD', value, distribute: { to: [{ accountAlias: alias, amount: { asset: 'USD', value } }] } },
      });
    const deletion = () => api.delete(`${ledger}/${deleted}/${id}`);
    // The deletion takes each place in the crowd in turn.
    const requests = Array.from({ length: 4 }, (_, index) => () => inflow(`${index + 1}`));
    requests.splice(round % 5, 0, deletion);
    const answers = await Promise.all(requests.map((request) => request()));
    const status = answers.splice(round % 5, 1)[0]?.status;
    expect([204, 409, 422]).toContain(status);
    for (const answer of answers) expect([201, 422]).toContain(answer.status);
    const posted = answers.filter((answer) => answer.status === 201);
    refused += answers.length - posted.length;
    const { rows } = await api.store.adminPool.query('select available, deleted_at from balance where id = $1', [
      balance.id,
    ]);
    const total = posted.reduce((sum, { body }) => sum + Number(body.amount), 0);
    expect({ round, available: Number(rows[0].available) }).toEqual({ round, available: total });
    if (rows[0].deleted_at !== null) expect({ round, total }).toEqual({ round, total: 0 });
    expect(rows[0].deleted_at === null).toBe(status !== 204);
  }
  expect(refused % 4).toBe(0);
});

test('racing requests that allow overdraft make one companion balance', async () => {
  const { id } = await must(api.post(`${ledger}/accounts`, { assetCode: 'USD', type: 'deposit' }));
  await must(api.post(`${ledger}/accounts/${id}/balances`, { key: 'second' }));
  const { items } = await must(api.get(`${ledger}/accounts/${id}/balances`));
  const settings = { allowOverdraft: true };
  await Promise.all(
    [...items, ...items].map((balance: { id: string }) =>
      must(api.patch(`${ledger}/balances/${balance.id}`, { settings })),
    ),
  );
  const after = (await must(api.get(`${ledger}/accounts/${id}/balances`))).items;
  expect(after.map(({ key }: { key: string }) => key)).toEqual(['default', 'second', 'overdraft']);
});
