import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repeated } from '../support/long-form.js';
import type { Reply, TestServer } from '../support/server.js';
import { startTestServer } from '../support/server.js';
import { type Books, type Client, createBooks, leg, must } from './support/books.js';
import { type Json, leaves, mutateBody, replaced } from './support/mutate-body.js';
import { isWriting, kindsOf, type LedgerRoute, nameOf, pathOf, routeTable } from './support/route-table.js';
import { runSeed, seeded } from './support/seeded.js';
import { digest } from './support/world.js';

let server: TestServer;
let client: Client;
let books: Books;
const store = () => ({ store: { database: server.names.singleDatabase, schema: 'ledger' } });

beforeAll(async () => {
  server = await startTestServer();
  client = (method, path, body, options) => server.call(method, path, { body, ...options });
  books = await createBooks(client);
  // What the examples in the route table speak of.
  await must(client('POST', `${books.path}/assets`, { name: 'US Dollar', type: 'currency', code: 'USD' }));
  for (const alias of ['@alice', '@landlord', '@agency'])
    await must(client('POST', `${books.path}/accounts`, { assetCode: 'USD', type: 'deposit', alias }));
  await must(
    client('POST', `${books.path}/transactions/inflow`, {
      send: { asset: 'USD', value: '5000', distribute: { to: [leg('@alice', 'USD', '5000')] } },
    }),
  );
});
afterAll(() => server?.stop());

const writing = routeTable().filter(isWriting);
const withBody = writing.filter(({ body, bodyType = 'json' }) => body !== undefined && bodyType === 'json');

/** The route's own example; of the batch as a whole, so that one bad entry refuses all. */
function example(route: LedgerRoute): Json {
  const body = structuredClone(route.requestExample) as Json;
  return 'atomic' in body ? { ...body, atomic: true } : body;
}

/** A refusal with a code, and not a word of PostgreSQL or of the program's inside. */
function expectRefused(reply: Reply, what: string, codes?: readonly string[]) {
  const told = `${what.slice(0, 300)} → ${reply.status} ${reply.text.slice(0, 300)}`;
  expect(reply.status, told).toBeGreaterThanOrEqual(400);
  expect(reply.status, told).toBeLessThan(500);
  expect(reply.body?.code, told).toMatch(/^(CRM-)?\d{4}$/);
  expect(reply.text, told).not.toMatch(/select |insert |pg_|node_modules|\.ts:/i);
  if (codes) expect(codes, told).toContain(reply.body.code);
}

/** Runs the requests, then looks at every table: nothing may have moved. */
async function changesNothing(work: () => Promise<void>): Promise<void> {
  const before = await digest(store());
  await work();
  expect(await digest(store())).toEqual(before);
}

const send = (route: LedgerRoute, body: unknown, ids = books.ids) => client(route.method, pathOf(route, ids), body);

test('the examples used below are sound: a route refuses one only for what the books already hold', async () => {
  for (const route of withBody) {
    const { status, text } = await send(route, example(route), { ...books.ids, transaction: books.pending });
    if (route.url.endsWith('/settings')) await must(send(route, { accounting: { validateAccountType: false } }));
    expect(status < 300 || [404, 409, 422].includes(status), `${nameOf(route)} ${text}`).toBe(true);
  }
});

describe('every writing route with a body', () => {
  test('malformed JSON: 400/0094', async () => {
    const texts = [
      '{',
      '[1,',
      '{"a":}',
      'nul',
      '"text"',
      '[]',
      '7',
      'true',
      '\u0000',
      '{} {}',
      `{'a':1}`,
      '{"a":1,}',
      '{"a":01}',
      '{"a":.5}',
      '{"a":NaN}',
      '{"a":-Infinity}',
      '{"a":"\n"}',
      '{"a":"\\x"}',
      '{"a":"\\ud800"',
      '// {}',
      '<a/>',
      'a=b',
      '{"__proto__":',
    ];
    await changesNothing(async () => {
      for (const route of withBody)
        for (const text of texts) expectRefused(await send(route, text), `${nameOf(route)} ${text}`, ['0094', '0148']);
    });
  });

  test('no body at all, or one that is no UTF-8: 400/0094', async () => {
    await changesNothing(async () => {
      for (const route of withBody) {
        const bytes = Buffer.from(JSON.stringify({ ...example(route), description: '\u0001' }).replace('\\u0001', 'é'));
        bytes[bytes.indexOf(0xc3)] = 0xff;
        for (const body of [undefined, '', bytes, Buffer.from('{"name":"caf\xe9"}', 'latin1')]) {
          const response = await fetch(`${server.running.urls.ledger}${pathOf(route, books.ids)}`, {
            method: route.method,
            headers: { 'content-type': 'application/json' },
            ...(body !== undefined && { body }),
          });
          const text = await response.text();
          expect(`${response.status}/${JSON.parse(text).code}`, `${nameOf(route)} ${String(body)}`).toBe('400/0094');
        }
      }
    });
  });

  test('a body of another media type is refused or read as JSON, never a fault', async () => {
    await changesNothing(async () => {
      for (const route of withBody)
        for (const type of [
          'text/plain',
          'application/xml',
          'multipart/form-data; boundary=x',
          'application/x-www-form-urlencoded',
          'nonsense',
        ])
          expectRefused(
            await client(route.method, pathOf(route, books.ids), 'a=b', { headers: { 'content-type': type } }),
            `${nameOf(route)} ${type}`,
          );
    });
  });

  test('an unknown member: 400/0053 (settings: 0147), wherever it is', async () => {
    await changesNothing(async () => {
      for (const route of withBody)
        for (const value of ['x', 7, true, { a: 1 }, [1], ''])
          expectRefused(
            await send(route, { ...example(route), surplus: value }),
            `${nameOf(route)} surplus ${JSON.stringify(value)}`,
            ['0053', '0147'],
          );
    });
  });

  test('a wrong type for every member of the schema', async () => {
    await changesNothing(async () => {
      for (const route of withBody) {
        const { properties = {} } = route.body as { properties?: Json };
        for (const name of Object.keys(properties))
          expectRefused(await send(route, { ...example(route), [name]: [[]] }), `${nameOf(route)} ${name}`);
      }
    });
  });

  test('a body of 10 MB: 413/0143 (settings, 64 KiB: 400/0143)', async () => {
    const tenMegabytes = JSON.stringify({ name: 'x'.repeat(10 * 1024 * 1024) });
    await changesNothing(async () => {
      for (const route of withBody) {
        const reply = await send(route, tenMegabytes);
        const status = route.url.endsWith('/settings') ? 400 : 413;
        expect({ route: nameOf(route), status: reply.status, code: reply.body?.code }).toEqual({
          route: nameOf(route),
          status,
          code: '0143',
        });
      }
    });
  });

  test('NUL in any text of the body, as an escape: 400', async () => {
    await changesNothing(async () => {
      for (const route of withBody)
        for (const [path, value] of leaves(example(route)))
          if (typeof value === 'string')
            expectRefused(
              await send(route, replaced(example(route), path, `a\u0000${value}`)),
              `${nameOf(route)} ${path.join('.')}`,
            );
    });
  });

  test('deep nesting: 400, whether in a member, in metadata or in the whole body', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    await changesNothing(async () => {
      for (const route of withBody)
        for (const text of [
          nested(200),
          nested(100_000),
          objects(60),
          objects(50_000),
          '['.repeat(100_000),
          `{"metadata":${objects(15)}}`,
          `{"metadata":${objects(5_000)}}`,
          `{"settings":${objects(5_000)}}`,
        ])
          expectRefused(await send(route, text), `${nameOf(route)} ${text.slice(0, 30)}`);
    });
  });

  test('too many keys: 400', async () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, at]));
    await changesNothing(async () => {
      for (const route of withBody) {
        expectRefused(await send(route, { ...example(route), ...many }), nameOf(route));
        expectRefused(await send(route, { ...example(route), metadata: many }), `${nameOf(route)} metadata`);
      }
    });
  });

  test('duplicated members, equal or not, at any depth: 400/0094', async () => {
    await changesNothing(async () => {
      for (const route of withBody) {
        const text = JSON.stringify(example(route));
        const [first] = Object.keys(example(route)) as [string];
        const value = JSON.stringify(example(route)[first]);
        for (const doubled of [
          `{"${first}":${value},${text.slice(1)}`,
          `{"${first}":null,${text.slice(1)}`,
          `${text.slice(0, -1)},"metadata":{"a":1,"a":1}}`,
          `${text.slice(0, -1)},"metadata":{"a":1,"\\u0061":2}}`,
        ])
          expectRefused(await send(route, doubled), `${nameOf(route)} ${doubled}`, ['0094']);
      }
    });
  });

  test('huge numbers where an amount belongs', async () => {
    const numbers = [
      '1e400',
      '1e999999999',
      '-1e999999999',
      '1e-999999999',
      '9'.repeat(5_000),
      `0.${'1'.repeat(5_000)}`,
      '1e2147483648',
      '-1',
      '0',
      '-0',
    ];
    await changesNothing(async () => {
      for (const route of withBody.filter(({ url }) =>
        /transactions\/(json|inflow|outflow|annotation|block|unblock|batch)$/.test(url),
      ))
        for (const number of numbers)
          for (const written of [number, `"${number}"`])
            expectRefused(
              await send(route, JSON.stringify(example(route)).replaceAll('"100.50"', written)),
              `${nameOf(route)} ${written}`,
            );
    });
  });

  test('texts that are no numbers where an amount belongs', async () => {
    await changesNothing(async () => {
      for (const route of withBody.filter(({ url }) => /transactions\/(json|inflow|outflow|batch)$/.test(url)))
        for (const text of [
          '"abc"',
          '"1,5"',
          '"1_000"',
          '"0x10"',
          '"NaN"',
          '"Infinity"',
          '" 1"',
          '"1 "',
          '""',
          '"١"',
          'true',
          '{}',
          '[1]',
          '"--1"',
          '"1e"',
          '"1.2.3"',
        ])
          expectRefused(
            await send(route, JSON.stringify(example(route)).replaceAll('"100.50"', text)),
            `${nameOf(route)} ${text}`,
          );
    });
  });
});

test('every writing route with a bad UUID in its path: 400/0065', async () => {
  await changesNothing(async () => {
    for (const route of writing)
      for (const kind of kindsOf(route)) {
        if (kind === 'alias' || kind === 'assetCode') continue;
        for (const bad of [
          'x',
          '123',
          `${books.ids[kind]}0`,
          `{${books.ids[kind]}}`,
          `${books.ids[kind]}'`,
          '../..',
          `${books.ids[kind].slice(0, -1)}g`,
        ])
          expectRefused(
            await send(route, withBody.includes(route) ? example(route) : undefined, { ...books.ids, [kind]: bad }),
            `${nameOf(route)} ${bad}`,
            ['0065'],
          );
      }
  });
});

test('every member that takes a UUID, with a text that is none', async () => {
  await changesNothing(async () => {
    for (const route of withBody) {
      const { properties = {} } = route.body as { properties?: Record<string, { format?: string }> };
      for (const [name, { format }] of Object.entries(properties))
        if (format === 'uuid')
          for (const bad of ['x', books.ids.account.toUpperCase(), `{${books.ids.account}}`, 7, ' '])
            expectRefused(await send(route, { ...example(route), [name]: bad }), `${nameOf(route)} ${name} ${bad}`);
    }
  });
});

test('a transaction file that is none, or that says nonsense: 4xx', async () => {
  const route = writing.find(({ url }) => url.endsWith('/transactions/dsl')) as LedgerRoute;
  const texts = [
    '',
    '\u0000',
    '(',
    ')',
    '(transaction V1',
    '(transaction V1)',
    '(transaction V2 (send USD 1|0))',
    '('.repeat(50_000),
    `(transaction V1 (description "${'x'.repeat(5_000)}"))`,
    `(transaction V1 (send USD ${'9'.repeat(5_000)}|0 (source (from @alice :remaining)) (distribute (to @agency :remaining))))`,
    '(transaction V1 (send USD 1|0 (source (from @nobody :remaining)) (distribute (to @agency :remaining))))',
  ];
  const url = `${server.running.urls.ledger}${pathOf(route, books.ids)}`;
  const upload = async (body: FormData | string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { method: 'POST', body, headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  };
  await changesNothing(async () => {
    for (const text of texts)
      for (const [field, name] of [
        ['dsl', 'x.gold'],
        ['dsl', 'x.txt'],
        ['other', 'x.gold'],
      ] as const) {
        const form = new FormData();
        form.append(field, new Blob([text]), name);
        expectRefused(await upload(form), `${field} ${name} ${text.slice(0, 60)}`);
      }
    for (const type of ['multipart/form-data', 'multipart/form-data; boundary=x', 'application/json', 'text/plain'])
      for (const raw of [
        '',
        '--x',
        '--x\r\nContent-Disposition: form-data; name="dsl"; filename="a.gold"\r\n\r\n(',
        '{}',
      ])
        expectRefused(await upload(raw, { 'content-type': type }), `${type} ${raw}`);
  });
});

test('random mutations of sound bodies: refused ones change nothing, and none is a fault', async () => {
  const seed = runSeed();
  const random = seeded(seed);
  const rounds = repeated(80, 250);
  let refused = 0;
  let last = await digest(store());
  for (let round = 0; round < rounds; round += 1) {
    const route = random.pick(withBody);
    let body = example(route);
    for (let times = 1 + random.below(3); times > 0; times -= 1) body = mutateBody(body, random, [books.ids.account]);
    const reply = await send(route, body);
    const what = `seed ${seed}, round ${round}: ${nameOf(route)} ${JSON.stringify(body)} → ${reply.status} ${reply.text}`;
    expect(reply.status, what).toBeLessThan(500);
    const now = await digest(store());
    if (reply.status >= 400) {
      refused += 1;
      expect(reply.body?.code, what).toMatch(/^(CRM-)?\d{4}$/);
      expect(now, what).toEqual(last);
    }
    last = now;
  }
  expect(refused).toBeGreaterThan(rounds / 5);
});
