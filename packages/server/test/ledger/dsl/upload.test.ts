import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTransactionApi, type TransactionApi } from '../transactions/transaction-api.js';

let api: TransactionApi;
beforeAll(async () => {
  api = await openTransactionApi();
  await api.books.addAccount('@external/USD');
  for (const alias of ['@a', '@b']) await api.books.addAccount(alias, { available: '1000' });
});
afterAll(() => api.close());

const script = (value: string, { from = '@a', pending = '', metadata = '' } = {}) => `
(transaction V1
  (chart-of-accounts-group-name G)
  (description "by file") ${pending} ${metadata}
  (send USD ${value}
    (source (from ${from} :share 40) (from @external/USD :remaining))
    (distribute (to @b :remaining (description "leg")))))`;

const goingAway = () => ({
  deprecation: 'true',
  sunset: 'Sat, 01 Aug 2026 00:00:00 GMT',
  link: `<${api.ledgerPath}/transactions/json>; rel="successor-version"`,
});

const boundary = 'edge';
const part = (content: string | Buffer, disposition: string) =>
  Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
const send = (parts: Buffer[], headers: Record<string, string> = {}) =>
  api.upload('transactions/dsl', Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]), {
    'content-type': `multipart/form-data; boundary=${boundary}`,
    ...headers,
  });
const upload = (content: string | Buffer, headers?: Record<string, string>) =>
  send([part(content, 'name="dsl"; filename="payment.gold"')], headers);
const code = async (answer: ReturnType<typeof send>) => {
  const { status, body } = await answer;
  return `${status}/${body?.code}`;
};

describe('POST transactions/dsl', () => {
  it('posts as /json would, and says that it is going away', async () => {
    const { status, body, headers } = await upload(script('100|2', { metadata: '(metadata (k 5))' }));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      amount: '100',
      assetCode: 'USD',
      description: 'by file',
      chartOfAccountsGroupName: 'G',
      status: { code: 'CREATED' },
      source: ['@a', '@external/USD'],
      destination: ['@b'],
      metadata: { k: '5' },
    });
    expect(body.operations.map((o: { amount: { value: string } }) => o.amount.value)).toEqual(['40', '100', '60']);
    expect(headers).toMatchObject({ ...goingAway(), 'x-idempotency-replayed': 'false' });
  });

  it('says so in its refusals too', async () => {
    const noUuid = await api.upload('/v1/organizations/x/ledgers/y/transactions/dsl', Buffer.from(''), {});
    expect(noUuid).toMatchObject({ status: 400, body: { code: '0065' }, headers: { deprecation: 'true' } });
    for (const refused of [await upload(' '), await upload('(transaction V1'), await upload(script('0|0'))]) {
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(refused.headers).toMatchObject(goingAway());
    }
    expect((await api.post('transactions/json', {})).headers).not.toHaveProperty('deprecation');
  });

  it('remembers by key and by content, and holds when pending', async () => {
    const first = await upload(script('7|0'), { 'x-idempotency': 'file-1' });
    const again = await upload(script('8|0'), { 'x-idempotency': 'file-1' });
    expect(again.body).toEqual(first.body);
    expect(again.headers['x-idempotency-replayed']).toBe('true');
    const [one, two] = [await upload(script('9|0')), await upload(script('9|0'))];
    expect(two.body.id).toBe(one.body.id);
    const held = script('10|0', { pending: '(pending true)' })
      .replace('(from @external/USD :remaining)', '')
      .replace('40', '100');
    expect((await upload(held)).body.status.code).toBe('PENDING');
  });

  it('refuses bad files with their codes', async () => {
    expect(await code(send([]))).toBe('400/0048');
    expect(await code(send([part('x', 'name="other"; filename="a.gold"')]))).toBe('400/0048');
    expect(await code(send([part(script('1|0'), 'name="dsl"')]))).toBe('400/0048');
    expect(await code(send([part(script('1|0'), 'name="dsl"; filename="a.txt"')]))).toBe('400/0048');
    expect(await code(upload(Buffer.from([0xff, 0xfe])))).toBe('400/0048');
    expect(await code(upload(`${script('1|0')}\0`))).toBe('400/0048');
    expect(await code(upload(' \n'))).toBe('400/0049');
    expect(await code(upload('(transaction V1'))).toBe('400/0048');
    expect(await code(upload(script('1|0').replace(':share 40', ':share 400')))).toBe('400/0017');
    expect(await code(upload(script('0|0')))).toBe('422/0125');
    expect(await code(upload(script('1|0', { from: '@nobody' })))).toBe('422/0019');
    expect(await code(upload(script('1|0', { metadata: `(metadata (${'k'.repeat(101)} v))` })))).toBe('400/0050');
    const twice = part(script('1|0'), 'name="dsl"; filename="a.gold"');
    expect(await code(send([twice, twice]))).toBe('400/0094');
    expect(await code(api.upload('transactions/dsl', Buffer.from('x'), { 'content-type': 'text/plain' }))).toBe(
      '400/0094',
    );
    expect(await code(api.upload('transactions/dsl', Buffer.alloc(0), {}))).toBe('400/0048');
    expect(await code(upload('x'.repeat(1024 * 1024)))).toBe('413/0143');
  });

  it('tells the place of the fault', async () => {
    const { body } = await upload('(transaction V1\n  (chart-of-accounts-group-name G)\n  (sent USD 1|0))');
    expect(body.errors).toEqual([{ location: 'line 3, column 4', message: 'expected "send", found "sent"' }]);
    expect(body.detail).toContain('line 3, column 4');
  });
});
