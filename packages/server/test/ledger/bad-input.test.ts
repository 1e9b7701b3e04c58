import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerRoutes } from '../../src/ledger/ledger-app.js';
import { createOneOfEach, fill, fingerprint, type Ids } from './support/every-route.js';
import { createLedgerApi, type LedgerApi, refusal } from './support/ledger-api.js';

let api: LedgerApi;
let ids: Ids;
let before: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ids = await createOneOfEach(api, 'one');
  before = await fingerprint(api);
});
afterAll(() => api.close());

// Only the table is looked at: the handlers are those of the API under test.
const table = ledgerRoutes({} as never);
const withBody = table
  .filter(({ body, bodyType }) => body !== undefined && bodyType !== 'multipart')
  .map((route) => [`${route.method} ${route.url}`, route] as const);

const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const bad: readonly (readonly [string, string, readonly string[]])[] = [
  ['malformed JSON', '{"name":', ['0094']],
  ['two values', '{} {}', ['0094']],
  ['a repeated member', '{"metadata":{},"metadata":{}}', ['0094']],
  ['nesting that would end the stack', deep(50_000), ['0094', '0143']],
  ['a list', '[{}]', ['0094']],
  ['a text', '"Example string"', ['0094']],
  ['null', 'null', ['0094']],
  ['an unknown member', '{"no_such_member":"x"}', ['0053', '0147', '0009']],
  ['the prototype as a member', '{"__proto__":{"admin":true}}', ['0053', '0147']],
  ['a number for the metadata', '{"metadata":7}', ['0094', '0147', '0053']],
  ['metadata deeper than allowed', `{"metadata":${deep(12)}}`, ['0144', '0147', '0053']],
  [
    'more than 100 keys',
    `{"metadata":{${Array.from({ length: 101 }, (_, key) => `"k${key}":1`)}}}`,
    ['0145', '0147', '0053'],
  ],
  ['a U+0000', '{"metadata":{"a":"\\u0000"}}', ['0047', '0147', '0053']],
];

test.each(withBody)('%s refuses every bad body', async (_, route) => {
  const url = fill(route, ids);
  for (const [what, body, codes] of bad) {
    const answer = await api.call(route.method, url, body);
    expect({ what, ...refusal(answer) }).toEqual({
      what,
      status: 400,
      code: expect.toSatisfy((code) => codes.includes(code)),
    });
    expect(answer.body.detail.length).toBeGreaterThan(20);
  }
  const huge = await api.call(route.method, url, `{"name":"${'x'.repeat(10_000_000)}"}`);
  expect(refusal(huge)).toEqual({ status: url.endsWith('/settings') ? 400 : 413, code: '0143' });
});

test.each(table.map((route) => [`${route.method} ${route.url}`, route] as const))(
  '%s names a path parameter that is no UUID',
  async (_, route) => {
    const names = [...route.url.matchAll(/:(\w+)/g)].map((match) => match[1] as string);
    for (const name of names.filter((one) => !route.textParams?.includes(one))) {
      const url = fill(route, ids).split('/');
      url[route.url.split('/').indexOf(`:${name}`)] = '7';
      const { status, body } = await api.call(route.method, url.join('/'), route.body && '{}');
      expect(status).toBe(400);
      if (route.method !== 'HEAD')
        expect(body).toMatchObject({ code: '0065', detail: expect.stringContaining(`"${name}"`) });
    }
  },
);

test('and nothing has changed', async () => {
  expect(await fingerprint(api)).toBe(before);
});
