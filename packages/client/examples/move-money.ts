import { clientCredentials, createClient, isRefusal } from '@cofferdam/client';

/** Books with two accounts, a payment between them, and a list of what became of it. */
export async function moveMoney(at: {
  readonly ledgerUrl: string;
  readonly accessUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}): Promise<readonly string[]> {
  const client = createClient({ baseUrl: at.ledgerUrl, token: clientCredentials(at) });

  const { id: organization_id } = await client.createOrganization({ body: { legalName: 'Acme', legalDocument: '1' } });
  const { id: ledger_id } = await client.createLedger({ path: { organization_id }, body: { name: 'Main' } });
  const path = { organization_id, ledger_id };
  await client.createAsset({ path, body: { name: 'US Dollar', type: 'currency', code: 'USD' } });
  for (const alias of ['@alice', '@bob'])
    await client.createAccount({ path, body: { assetCode: 'USD', type: 'deposit', alias } });

  const amount = (value: string) => ({ asset: 'USD', value });
  await client.createInflowTransaction({
    path,
    body: { send: { ...amount('100'), distribute: { to: [{ accountAlias: '@alice', amount: amount('100') }] } } },
  });
  const pay = (value: string) =>
    client.createJsonTransaction({
      path,
      idempotencyKey: `invoice-2026-01-${value}`,
      body: {
        send: {
          ...amount(value),
          source: { from: [{ accountAlias: '@alice', amount: amount(value) }] },
          distribute: { to: [{ accountAlias: '@bob', remaining: 'remaining' }] },
        },
      },
    });
  await pay('30.25');
  await pay('30.25'); // the same key: the same transaction, once

  try {
    await pay('1000');
  } catch (error) {
    if (!isRefusal(error, '0018')) throw error; // insufficient funds: what was expected
  }

  const balances: string[] = [];
  for await (const balance of client.items('listBalances', { path, query: { limit: 2 } }))
    balances.push(`${balance.alias} ${balance.available}`);
  return balances; // @external/USD 100, @alice 69.75, @bob 30.25
}
