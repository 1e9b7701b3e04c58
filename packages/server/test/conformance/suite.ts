import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fiftyAtOnce } from './at-once.js';
import { type Call, type Conforming, expectStatus, type Mode, open, refusal } from './modes.js';
import { refusalShape } from './refusal-shape.js';
import { walkTypedClient } from './typed-client.js';
import { walkWorkflow } from './workflow.js';

/** What holds in every mode, checked in one: the same requests and the same assertions (T-06, T-07). */
export function conformanceSuite(mode: Mode): void {
  describe(mode, () => {
    let subject: Conforming;
    let call: Call;
    let organization: string;
    let at: string;

    beforeAll(async () => {
      subject = await open(mode);
      call = subject.call;
    });
    afterAll(() => subject?.stop());

    const get = (path: string) => expectStatus(200, call('GET', path));
    const make = (path: string, body: unknown) => expectStatus(201, call('POST', path, body));
    const count = async (path: string) => {
      const { status, headers, text } = await call('HEAD', `${path}/metrics/count`);
      expect([status, text]).toEqual([204, '']);
      return headers.get('x-total-count');
    };
    const account = (alias: string, more: object = {}) =>
      make(`${at}/accounts`, { assetCode: 'USD', type: 'deposit', alias, ...more });
    const available = async (alias: string) => (await get(`${at}/accounts/alias/${alias}/balances`)).items[0].available;
    const amount = <V>(accountAlias: string, value: V) => ({ accountAlias, amount: { asset: 'USD', value } });
    const transfer = (value: unknown, from: object[], to: object[], more: object = {}) => ({
      ...more,
      send: { asset: 'USD', value, source: { from }, distribute: { to } },
    });
    const post = (kind: string, body: unknown, headers?: Record<string, string>) =>
      call('POST', `${at}/transactions/${kind}`, body, headers);
    const fund = (alias: string, value: string) =>
      post('inflow', {
        description: randomUUID(),
        send: { asset: 'USD', value, distribute: { to: [amount(alias, value)] } },
      });

    test('organizations: parents, address, status as object and as text, counts, metadata, soft delete', async () => {
      const parent = await make('/v1/organizations', {
        legalName: 'Parent',
        legalDocument: '1',
        doingBusinessAs: 'P',
        metadata: { a: 'x', b: 7, c: true },
      });
      const address = { line1: '1 Main Road', zipCode: '10001', city: 'New York', state: 'NY', country: 'US' };
      const child = await make('/v1/organizations', {
        legalName: 'Child',
        legalDocument: '2',
        parentOrganizationId: parent.id,
        address,
        status: 'INACTIVE',
      });
      expect(child).toMatchObject({
        parentOrganizationId: parent.id,
        address,
        status: { code: 'INACTIVE' },
        deletedAt: null,
      });
      organization = `/v1/organizations/${parent.id}`;
      expect(await expectStatus(200, call('PATCH', organization, { metadata: { a: null, d: 'new' } }))).toMatchObject({
        metadata: { b: 7, c: true, d: 'new' },
      });
      expect((await get('/v1/organizations?metadata.d=new')).items.map(({ id }: { id: string }) => id)).toEqual([
        parent.id,
      ]);
      const before = Number(await count('/v1/organizations'));
      await expectStatus(204, call('DELETE', `/v1/organizations/${child.id}`));
      expect(Number(await count('/v1/organizations'))).toBe(before - 1);
      expect(refusal(await call('GET', `/v1/organizations/${child.id}`))).toBe('404/0007');
      expect(
        refusal(
          await call('POST', '/v1/organizations', {
            legalName: 'x',
            legalDocument: '1',
            parentOrganizationId: child.id,
          }),
        ),
      ).toBe('404/0039');
    });

    test('ledgers: unique names, settings, counts', async () => {
      const ledger = await make(`${organization}/ledgers`, { name: 'Main', metadata: { kind: 'main' } });
      at = `${organization}/ledgers/${ledger.id}`;
      expect(refusal(await call('POST', `${organization}/ledgers`, { name: 'MAIN' }))).toBe('409/0002');
      expect((await get(`${at}/settings`)).accounting).toEqual({
        validateAccountType: false,
        validateRoutes: false,
        requireHolder: false,
      });
      expect((await expectStatus(200, call('PATCH', `${at}/settings`, { tracer: { timeoutMs: 100 } }))).tracer).toEqual(
        { mode: 'off', failPosture: 'open', timeoutMs: 100 },
      );
      expect(await count(`${organization}/ledgers`)).toBe('1');
      expect(refusal(await call('POST', `/v1/organizations/${randomUUID()}/ledgers`, { name: 'x' }))).toBe('404/0038');
    });

    test('assets: kinds, codes, and the external account that comes with one', async () => {
      await make(`${at}/assets`, { name: 'US Dollar', type: 'currency', code: 'USD' });
      await make(`${at}/assets`, { name: 'Points', type: 'others', code: 'POINTS' });
      for (const [body, answer] of [
        [{ name: 'x', type: 'gold', code: 'XAU' }, '400/0040'],
        [{ name: 'x', type: 'others', code: 'usd' }, '400/0004'],
        [{ name: 'x', type: 'others', code: 'U5D' }, '400/0033'],
        [{ name: 'x', type: 'currency', code: 'ZZZ' }, '400/0005'],
        [{ name: 'other name', type: 'currency', code: 'USD' }, '409/0003'],
      ] as const)
        expect(refusal(await call('POST', `${at}/assets`, body)), JSON.stringify(body)).toBe(answer);
      expect(await get(`${at}/accounts/external/USD`)).toMatchObject({
        alias: '@external/USD',
        type: 'external',
        status: { code: 'external' },
      });
      expect((await get(`${at}/accounts/external/USD/balances`)).items[0]).toMatchObject({
        available: '0',
        direction: 'debit',
        key: 'default',
      });
      expect(await count(`${at}/assets`)).toBe('2');
    });

    test('portfolios and segments', async () => {
      for (const kind of ['portfolios', 'segments']) {
        const one = await make(`${at}/${kind}`, { name: 'Retail', metadata: { region: 'east' } });
        expect(await expectStatus(200, call('PATCH', `${at}/${kind}/${one.id}`, { name: 'Retail 2' }))).toMatchObject({
          name: 'Retail 2',
          metadata: { region: 'east' },
        });
        expect((await get(`${at}/${kind}?metadata.region=east`)).items).toHaveLength(1);
        expect(await count(`${at}/${kind}`)).toBe('1');
        await expectStatus(204, call('DELETE', `${at}/${kind}/${one.id}`));
        expect(refusal(await call('GET', `${at}/${kind}/${one.id}`))).toBe('404/0007');
        expect(await count(`${at}/${kind}`)).toBe('0');
        await make(`${at}/${kind}`, { name: 'Retail 2' });
      }
    });

    test('accounts: alias in both spellings, defaults, parents, filters, refusals', async () => {
      const alice = await account('@alice', { name: 'Alice' });
      const child = await account('@alice:savings', { parentAccountId: alice.id });
      for (const alias of ['@alice', '%40alice'])
        expect((await get(`${at}/accounts/alias/${alias}`)).id).toBe(alice.id);
      expect(child).toMatchObject({ name: 'USD deposit account', parentAccountId: alice.id, blocked: false });
      const nameless = await make(`${at}/accounts`, { assetCode: 'USD', type: 'deposit' });
      expect(nameless.alias).toBe(nameless.id);
      expect((await get(`${at}/accounts?parent_account_id=${alice.id}`)).items).toHaveLength(1);
      expect((await get(`${at}/accounts?alias=@ALICE&limit=1&page=2`)).items).toHaveLength(1);
      for (const [body, answer] of [
        [{ assetCode: 'USD', type: 'deposit', alias: '@alice' }, '409/0020'],
        [{ assetCode: 'USD', type: 'deposit', alias: 'a b' }, '400/0096'],
        [{ assetCode: 'EUR', type: 'deposit' }, '404/0034'],
        [{ assetCode: 'USD', type: 'deposit', parentAccountId: randomUUID() }, '400/0029'],
        [{ type: 'deposit' }, '400/0009'],
      ] as const)
        expect(refusal(await call('POST', `${at}/accounts`, body)), JSON.stringify(body)).toBe(answer);
      expect(refusal(await call('GET', `${at}/accounts/alias/@nobody`))).toBe('404/0085');
      const external = await get(`${at}/accounts/external/USD`);
      expect(refusal(await call('DELETE', `${at}/accounts/${external.id}`))).toBe('422/0074');
    });

    test('balances: additional keys, flags, deletion', async () => {
      const alice = await get(`${at}/accounts/alias/@alice`);
      const savings = await make(`${at}/accounts/${alice.id}/balances`, { key: 'Savings' });
      expect(savings).toMatchObject({ key: 'savings', available: '0', onHold: '0', version: 0, alias: '@alice' });
      expect(refusal(await call('POST', `${at}/accounts/${alice.id}/balances`, { key: 'savings' }))).toBe('409/0123');
      expect((await get(`${at}/accounts/${alice.id}/balances`)).items).toHaveLength(2);
      expect(
        await expectStatus(200, call('PATCH', `${at}/balances/${savings.id}`, { allowSending: false })),
      ).toMatchObject({ allowSending: false, allowReceiving: true });
      await expectStatus(204, call('DELETE', `${at}/balances/${savings.id}`));
      expect(refusal(await call('GET', `${at}/balances/${savings.id}`))).toBe('404/0007');
    });

    test('transactions: json, inflow and outflow; status CREATED, then APPROVED; before and after of each operation', async () => {
      await expectStatus(201, fund('@alice', '100.50'));
      await account('@bob');
      const created = await expectStatus(
        201,
        post(
          'json',
          transfer('40.25', [amount('@alice', '40.25')], [amount('@bob', '40.25')], {
            description: 'rent',
            metadata: { n: 1 },
          }),
        ),
      );
      expect(created).toMatchObject({
        status: { code: 'CREATED' },
        amount: '40.25',
        source: ['@alice'],
        destination: ['@bob'],
        metadata: { n: 1 },
      });
      expect((await get(`${at}/transactions/${created.id}`)).status.code).toBe('APPROVED');
      const [debit, credit] = created.operations;
      expect(debit).toMatchObject({
        type: 'DEBIT',
        amount: { value: '40.25' },
        balance: { available: '100.5' },
        balanceAfter: { available: '60.25' },
      });
      expect(credit).toMatchObject({
        type: 'CREDIT',
        balance: { available: '0' },
        balanceAfter: { available: '40.25' },
      });
      await expectStatus(
        201,
        post('outflow', { send: { asset: 'USD', value: 10, source: { from: [amount('@bob', 10)] } } }),
      );
      expect([await available('@alice'), await available('@bob')]).toEqual(['60.25', '30.25']);
      expect((await get(`${at}/accounts/external/USD/balances`)).items[0].available).toBe('90.5');
    });

    test('many to many with amount, share and remaining; 40 digits and more survive', async () => {
      for (const alias of ['@m1', '@m2', '@n1', '@n2', '@n3']) await account(alias);
      const huge = '1234567890123456789012345678901234567890.0000000000000000000000000001';
      await expectStatus(201, fund('@m1', huge));
      await expectStatus(201, fund('@m2', '30'));
      const { operations } = await expectStatus(
        201,
        post(
          'json',
          transfer(
            '100',
            [amount('@m1', '70'), { accountAlias: '@m2', remaining: 'remaining' }],
            [
              { accountAlias: '@n1', share: { percentage: 50 } },
              { accountAlias: '@n2', share: { percentage: 50, percentageOfPercentage: 50 } },
              { accountAlias: '@n3', remaining: 'remaining' },
            ],
          ),
        ),
      );
      expect(operations).toHaveLength(5);
      expect(await Promise.all(['@m1', '@m2', '@n1', '@n2', '@n3'].map(available))).toEqual([
        '1234567890123456789012345678901234567820.0000000000000000000000000001',
        '0',
        '50',
        '25',
        '25',
      ]);
    });

    test('refusals leave everything as it was', async () => {
      const before = [
        await available('@alice'),
        await available('@bob'),
        (await get(`${at}/transactions?limit=100`)).items.length,
      ];
      for (const [body, answer] of [
        [transfer('1000', [amount('@bob', '1000')], [amount('@alice', '1000')]), '422/0018'],
        [transfer('10', [amount('@alice', '9')], [amount('@bob', '10')]), '422/0073'],
        [transfer('0', [amount('@alice', '0')], [amount('@bob', '0')]), '422/0125'],
        [transfer('1', [amount('@alice', '1')], [amount('@nobody', '1')]), '422/0019'],
        [transfer('1', [amount('@alice', '1')], [amount('@alice', '1')]), '422/0090'],
        [transfer('1', [{ accountAlias: '@alice' }], [amount('@bob', '1')]), '400/0072'],
        [{ description: 'x' }, '400/0009'],
      ] as const)
        expect(refusal(await post('json', body)), JSON.stringify(body)).toBe(answer);
      expect([
        await available('@alice'),
        await available('@bob'),
        (await get(`${at}/transactions?limit=100`)).items.length,
      ]).toEqual(before);
    });

    test('idempotency: by key, and by equal bodies', async () => {
      await account('@idem');
      const body = { send: { asset: 'USD', value: '1', distribute: { to: [amount('@idem', '1')] } } };
      const replayed = async (headers?: Record<string, string>, value = body) => {
        const answer = await post('inflow', value, headers);
        expect(answer.status).toBe(201);
        return [answer.body.id, answer.headers.get('x-idempotency-replayed')];
      };
      const [first] = await replayed({ 'x-idempotency': 'k' });
      expect(await replayed({ 'x-idempotency': 'k' })).toEqual([first, 'true']);
      const [implicit, fresh] = await replayed();
      expect(fresh).toBe('false');
      expect(await replayed()).toEqual([implicit, 'true']);
      expect(await available('@idem')).toBe('2');
    });

    test('lists by cursor, there and back, with the members that older clients read', async () => {
      const all = (await get(`${at}/transactions?limit=100`)).items.map(({ id }: { id: string }) => id);
      const one = await get(`${at}/transactions?limit=2`);
      expect(one.meta).toEqual({ nextCursor: one.next_cursor });
      const two = await get(`${at}/transactions?limit=2&cursor=${encodeURIComponent(one.next_cursor)}`);
      expect([...one.items, ...two.items].map(({ id }) => id)).toEqual(all.slice(0, 4));
      const back = await get(`${at}/transactions?limit=2&cursor=${encodeURIComponent(two.prev_cursor)}`);
      expect(back.items).toEqual(one.items);
      expect(
        (await get(`${at}/transactions?limit=100&sort_order=desc`)).items.map(({ id }: { id: string }) => id),
      ).toEqual([...all].reverse());
      for (const [query, answer] of [
        ['limit=101', '400/0080'],
        ['sort_order=up', '400/0081'],
        ['cursor=!', '400/0082'],
        ['start_date=2026-01-01', '400/0083'],
      ])
        expect(refusal(await call('GET', `${at}/transactions?${query}`)), query).toBe(answer);
    });

    test('operations: by account, by id, patched; and under the paths of older clients', async () => {
      const { id } = await get(`${at}/accounts/alias/@alice`);
      const { items } = await get(`${at}/accounts/${id}/operations`);
      expect(items.length).toBeGreaterThan(1);
      const [{ id: operationId, transactionId }] = items;
      const patched = await expectStatus(
        200,
        call('PATCH', `${at}/transactions/${transactionId}/operations/${operationId}`, { metadata: { seen: true } }),
      );
      expect(patched).toMatchObject({ id: operationId, metadata: { seen: true } });
      expect(await get(`${at.slice(3)}/accounts/${id}/operations/${operationId}`)).toEqual(
        await get(`${at}/accounts/${id}/operations/${operationId}`),
      );
    });

    test('counts of transactions: by status', async () => {
      const all = Number(await count(`${at}/transactions`));
      expect(all).toBe((await get(`${at}/transactions?limit=100`)).items.length);
      const { headers } = await call('HEAD', `${at}/transactions/metrics/count?status=PENDING`);
      expect(headers.get('x-total-count')).toBe('0');
    });

    test('deleting: an account with funds stays; what is deleted leaves lists, counts and uniqueness', async () => {
      const alice = await get(`${at}/accounts/alias/@alice`);
      expect(refusal(await call('DELETE', `${at}/accounts/${alice.id}`))).toBe('422/0012');
      const empty = await account('@empty');
      const before = Number(await count(`${at}/accounts`));
      await expectStatus(204, call('DELETE', `${at}/accounts/${empty.id}`));
      expect(Number(await count(`${at}/accounts`))).toBe(before - 1);
      expect(refusal(await call('GET', `${at}/accounts/alias/@empty`))).toBe('404/0085');
      await account('@empty');
    });

    test('metadata: the limits of keys, values and nesting', async () => {
      for (const [metadata, answer] of [
        [{ ['k'.repeat(101)]: 'x' }, '400/0050'],
        [{ k: 'x'.repeat(2001) }, '400/0051'],
        [{ k: { nested: 1 } }, '400/0067'],
        [{ k: null }, '400/0067'],
        [{ k: [1] }, '400/0051'],
      ] as const)
        expect(
          refusal(await call('POST', `${at}/portfolios`, { name: 'x', metadata })),
          JSON.stringify(metadata).slice(0, 40),
        ).toBe(answer);
      const kept = { text: 'ä"\\', yes: true, number: 7.5 };
      const made = await make(`${at}/portfolios`, { name: 'x', metadata: kept });
      expect((await get(`${at}/portfolios/${made.id}`)).metadata).toEqual(kept);
    });

    test('the shape of a refusal, its media type by Accept, unknown routes and methods', () => refusalShape(call, at));

    test('50 at once: one commit, one cancel, one of both, one revert; holds take no more than there is', async () => {
      // In one mode through two whole processes.
      const twin = mode === 'multi/database' ? await subject.server.twin() : undefined;
      const second: Call[] = twin
        ? [(method, path, body) => twin.call(method, path, { token: subject.token, body })]
        : [];
      await fiftyAtOnce([call, ...second], at).finally(() => twin?.stop());
    });

    test('the typed client meets the same books', () => walkTypedClient(subject));

    test('the public workflow of 56 steps', async () => {
      // Its counts expect an empty house.
      for (const { id } of (await get('/v1/organizations?limit=100')).items)
        await expectStatus(204, call('DELETE', `/v1/organizations/${id}`));
      await walkWorkflow(call);
    });
  });
}
