import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { json, leg, openTransactionApi, type TransactionApi } from './transaction-api.js';

let api: TransactionApi;
beforeAll(async () => {
  api = await openTransactionApi({ implicitIdempotency: false });
  await api.books.addAccount('@external/USD');
  await api.books.addAccount('@a', { available: '1000000' });
  await api.books.addAccount('@b');
});
afterAll(() => api.close());

const good = json(
  '10',
  [leg('@a', '4', { metadata: { k: 'v' }, description: 'd' }), { accountAlias: '@a', remaining: 'x' }],
  [
    { accountAlias: '@b', share: { percentage: 50 } },
    leg('@external/USD', '5', { rate: { from: 'A', to: 'B', value: 1, externalId: 'x' } }),
  ],
  { pending: false, metadata: { n: 1 }, transactionDate: '2020-01-01', skip: { fees: false }, route: 'r', code: 'c' },
);

/** What a hostile or careless client might send in place of any value. JSON text, so that numbers keep their form. */
const anything = fc.oneof(
  fc.constantFrom('null', 'true', '""', '"\\u0000"', '"\\ud800"', '[]', '{}', '[null]', '{"a":{"b":[1]}}', '-0', '-1'),
  fc.constantFrom('1e400', '1e-400', '1e999999999', '99999999999999999999', '0.1e1', '"1e5"', '"-5"', '"١٢"', '"0x10"'),
  fc.constantFrom(`"${'x'.repeat(3000)}"`, `"${'9'.repeat(5000)}"`, '9'.repeat(5000), '"@external/USD"', '"__proto__"'),
  fc.json({ maxDepth: 2 }),
);

/** Every place in the body, as a path of names and indexes. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  const own = path.length > 0 ? [[...path]] : [];
  if (typeof value !== 'object' || value === null) return own;
  return [...own, ...Object.entries(value).flatMap(([name, inner]) => places(inner, [...path, name]))];
}

function withReplaced(value: unknown, path: readonly string[], marker: string): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return marker;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[name] = withReplaced(copy[name], rest, marker);
  return copy;
}

it('whatever stands at any place of a body, the answer is no 5xx, and a refusal changes nothing', async () => {
  const marker = '@@replaced@@';
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places(good)),
      anything,
      fc.constantFrom('json', 'annotation', 'block', 'batch'),
      async (path, text, route) => {
        const body = JSON.stringify(withReplaced(good, path, marker)).replace(JSON.stringify(marker), () => text);
        const before = await api.books.snapshot();
        const wrapped = route === 'batch' ? `{"atomic":true,"transactions":[${body}]}` : body;
        const answer = await api.call('POST', `transactions/${route}`, wrapped);
        expect(answer.status, `${path.join('.')} = ${text.slice(0, 60)}: ${answer.text}`).toBeLessThan(500);
        if (answer.status >= 300) {
          expect(await api.books.snapshot()).toBe(before);
          expect(answer.body.code).toMatch(/^\d{4}$/);
        }
      },
    ),
    { numRuns: 300 },
  );
});

it('a body with thousands of legs is answered, exactly or not at all', async () => {
  const many = Array.from({ length: 3000 }, () => leg('@b', '0.001'));
  const answer = await api.post('transactions/json', json('3', [leg('@a', '3')], many));
  expect(answer.status).toBe(201);
  expect(answer.body.operations).toHaveLength(3001);
  const shares = Array.from({ length: 3000 }, () => ({ accountAlias: '@b', share: { percentage: 1 } }));
  expect((await api.post('transactions/json', json('3', [leg('@a', '3')], shares))).status).toBe(422);
});
