import { randomUUID } from 'node:crypto';
import { createClient } from '@cofferdam/client';
import { expect } from 'vitest';
import type { Conforming } from './modes.js';

/** Books made, posted to and read by the client that is generated from the document. */
export async function walkTypedClient({ server, token }: Pick<Conforming, 'server' | 'token'>): Promise<void> {
  const client = createClient({ baseUrl: server.running.urls.ledger, ...(token && { token: () => token }) });
  const { id: organization_id } = await client.createOrganization({ body: { legalName: 'C', legalDocument: '1' } });
  const { id: ledger_id } = await client.createLedger({ path: { organization_id }, body: { name: 'C' } });
  const path = { organization_id, ledger_id };
  await client.createAsset({ path, body: { name: 'US Dollar', type: 'currency', code: 'USD' } });
  const made = await client.createAccount({ path, body: { assetCode: 'USD', type: 'deposit', alias: '@c' } });
  const inflow = {
    path,
    idempotencyKey: randomUUID(),
    body: {
      send: {
        asset: 'USD',
        value: '2.5',
        distribute: { to: [{ accountAlias: '@c', amount: { asset: 'USD', value: '2.5' } }] },
      },
    },
  };
  const posted = await client.createInflowTransaction(inflow);
  expect((await client.call('createInflowTransaction', inflow)).replayed).toBe(true);
  const accounts: string[] = [];
  for await (const { id } of client.items('listAccounts', { path, query: { limit: 1 } })) accounts.push(id);
  expect(accounts).toContain(made.id);
  const found = await client.getTransaction({ path: { ...path, transaction_id: posted.id } });
  expect([found.status.code, found.amount, await client.countTransactions({ path })]).toEqual(['APPROVED', '2.5', 1]);
  const missing = client.getLedger({ path: { organization_id, ledger_id: randomUUID() } });
  await expect(missing).rejects.toMatchObject({ code: '0007', status: 404 });
}
