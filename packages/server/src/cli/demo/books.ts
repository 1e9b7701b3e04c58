import { expectOk } from './api.js';

/** One tenant's books: the same in every tenant, built by the same calls; only the token differs. */
export interface Books {
  readonly organizationId: string;
  readonly ledgerId: string;
  readonly ledgerPath: string;
  readonly found: boolean;
}

export interface BalanceLine {
  readonly alias: string;
  readonly available: string;
  readonly assetCode: string;
}

/** Finds the books of an earlier run, or builds them: an organization, a ledger, an asset and two accounts. */
export async function openBooks(ledgerUrl: string, token: string, legalName: string): Promise<Books> {
  const organizations = await expectOk('GET', `${ledgerUrl}/v1/organizations`, { token });
  const known = organizations.body.items[0]?.id as string | undefined;
  const organizationId =
    known ??
    (await expectOk('POST', `${ledgerUrl}/v1/organizations`, { token, body: { legalName, legalDocument: '123' } })).body
      .id;
  const ledgersUrl = `${ledgerUrl}/v1/organizations/${organizationId}/ledgers`;

  const ledgers = await expectOk('GET', ledgersUrl, { token });
  const ledgerId =
    ledgers.body.items[0]?.id ?? (await expectOk('POST', ledgersUrl, { token, body: { name: 'Main' } })).body.id;
  const ledgerPath = `${ledgersUrl}/${ledgerId}`;

  if ((await expectOk('GET', `${ledgerPath}/assets`, { token })).body.items.length === 0) {
    await expectOk('POST', `${ledgerPath}/assets`, {
      token,
      body: { name: 'US Dollar', type: 'currency', code: 'USD' },
    });
    for (const name of ['alice', 'bob', 'fees']) {
      const body = { name, assetCode: 'USD', type: 'deposit', alias: `@${name}` };
      await expectOk('POST', `${ledgerPath}/accounts`, { token, body });
    }
  }
  return { organizationId, ledgerId, ledgerPath, found: known !== undefined };
}

/** A salary comes in, part of it goes on to two accounts, some leaves. Each run posts again: keys of its own. */
export async function postTransactions(books: Books, token: string, run: string): Promise<void> {
  const post = (kind: string, key: string, send: unknown): Promise<unknown> =>
    expectOk('POST', `${books.ledgerPath}/transactions/${kind}`, {
      token,
      headers: { 'x-idempotency': `${run}-${key}` },
      body: { description: key, send },
    });
  await post('inflow', 'salary', {
    asset: 'USD',
    value: '1000.00',
    distribute: { to: [{ accountAlias: '@alice', amount: { asset: 'USD', value: '1000.00' } }] },
  });
  await post('json', 'rent and fee', {
    asset: 'USD',
    value: '250.50',
    source: { from: [{ accountAlias: '@alice', amount: { asset: 'USD', value: '250.50' } }] },
    distribute: {
      to: [
        { accountAlias: '@fees', share: { percentage: 2 } },
        { accountAlias: '@bob', remaining: 'remaining' },
      ],
    },
  });
  await post('outflow', 'cash', {
    asset: 'USD',
    value: '40.25',
    source: { from: [{ accountAlias: '@bob', amount: { asset: 'USD', value: '40.25' } }] },
  });
}

export async function readBalances(books: Books, token: string): Promise<BalanceLine[]> {
  const reply = await expectOk('GET', `${books.ledgerPath}/balances?limit=100`, { token });
  return reply.body.items.map(({ alias, available, assetCode }: BalanceLine) => ({ alias, available, assetCode }));
}
