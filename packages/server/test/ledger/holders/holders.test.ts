import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let organization: string;
let ledger: string;
beforeAll(async () => {
  api = await createLedgerApi();
  ({ organizationPath: organization, ledgerPath: ledger } = await createBooks(api));
});
afterAll(() => api.close());

const unknownId = '019c96a0-0000-7000-8000-00000000dead';
let documents = 0;
const person = (more: object = {}) => {
  documents += 1;
  return { type: 'NATURAL_PERSON', name: 'Alice', document: `D${documents}`, ...more };
};
const create = (more: object = {}) => must(api.post(`${organization}/holders`, person(more)));

test('create, read, change, delete', async () => {
  const { status, body, headers } = await api.post(
    `${organization}/holders`,
    person({
      externalId: 'X1',
      addresses: { primary: { line1: '1 Road', country: 'BR' }, additional1: null },
      contact: { primaryEmail: 'a@b.c', otherPhone: '1' },
      naturalPerson: { birthDate: '1990-01-31' },
      metadata: { a: 1 },
    }),
  );
  expect(status).toBe(201);
  expect(headers['x-idempotency-replayed']).toBe('false');
  expect(body).toEqual({
    id: expect.any(String),
    organizationId: organization.split('/').at(-1),
    type: 'NATURAL_PERSON',
    name: 'Alice',
    document: `D${documents}`,
    externalId: 'X1',
    addresses: { primary: { line1: '1 Road', country: 'BR' } },
    contact: { primaryEmail: 'a@b.c', otherPhone: '1' },
    naturalPerson: { birthDate: '1990-01-31' },
    createdAt: expect.any(String),
    updatedAt: body.createdAt,
    deletedAt: null,
    metadata: { a: 1 },
  });
  const url = `${organization}/holders/${body.id}`;
  expect((await api.get(url)).body).toEqual(body);
  const patch = { name: 'Bob', externalId: null, contact: { otherPhone: null, mobilePhone: '2' }, naturalPerson: null };
  const changed = await must(api.patch(url, { ...patch, metadata: { a: null, b: 'x' } }));
  expect(changed).toMatchObject({
    name: 'Bob',
    contact: { primaryEmail: 'a@b.c', mobilePhone: '2' },
    metadata: { b: 'x' },
  });
  expect(changed).not.toHaveProperty('externalId');
  expect(changed).not.toHaveProperty('naturalPerson');
  expect(changed.contact).not.toHaveProperty('otherPhone');
  expect((await api.delete(url)).status).toBe(204);
  const unknown = await api.get(`${organization}/holders/${unknownId}`);
  expect(refusal(unknown)).toEqual({ status: 404, code: 'CRM-0006' });
  for (const answer of [await api.get(url), await api.patch(url, {}), await api.delete(url)])
    expect(answer.text).toBe(unknown.text);
  expect((await must(api.get(`${url}?include_deleted=true`))).deletedAt).not.toBeNull();
  expect((await api.delete(`${url}?hard_delete=true`)).status).toBe(204);
  expect((await api.get(`${url}?include_deleted=true`)).status).toBe(404);
});

test.each([
  [{ document: null }, '0009'],
  [{ type: 'ROBOT' }, '0047'],
  [{ document: 'x'.repeat(101) }, '0047'],
  [{ naturalPerson: { birthDate: '31/01/1990' } }, '0047'],
  [{ naturalPerson: { shoeSize: 'x' } }, '0053'],
  [{ contact: 'me' }, '0094'],
])('%j is refused', async (more, code) => {
  expect(refusal(await api.post(`${organization}/holders`, person(more)))).toEqual({ status: 400, code });
});

test('a document is taken once an organization, by the living', async () => {
  const { id, document } = await create();
  const twin = () => api.post(`${organization}/holders`, person({ document }));
  expect(refusal(await twin())).toEqual({ status: 409, code: 'CRM-0010' });
  await api.delete(`${organization}/holders/${id}`);
  const answers = await Promise.all(Array.from({ length: 5 }, twin));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  const nowhere = await api.post(`/v1/organizations/${unknownId}/holders`, person());
  expect(refusal(nowhere)).toEqual({ status: 404, code: '0038' });
});

test('a key makes a repeat answer like the first, a refused create leaves none', async () => {
  const headers = { 'x-idempotency': 'key 1' };
  const send = (body: object) => api.call('POST', `${organization}/holders`, body, headers);
  expect(refusal(await send(person({ type: 'ROBOT' })))).toEqual({ status: 400, code: '0047' });
  const taken = (await create()).document;
  expect(refusal(await send(person({ document: taken })))).toEqual({ status: 409, code: 'CRM-0010' });
  const body = person({ name: 'Once' });
  const answers = await Promise.all(Array.from({ length: 6 }, () => send(body)));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers.filter(({ headers: { 'x-idempotency-replayed': replayed } }) => replayed === 'false').length).toBe(1);
  const later = await send(person({ name: 'Another' }));
  expect(later.text).toBe(answers[0]?.text);
  expect(later.headers['x-idempotency-replayed']).toBe('true');
});

test('lists filter and include the deleted on demand', async () => {
  const { organizationPath } = await createBooks(api);
  const path = `${organizationPath}/holders`;
  const made = await must(api.post(path, person({ externalId: 'F', metadata: { color: 'red' } })));
  await must(api.post(path, person()));
  const count = async (query: string) => (await must(api.get(`${path}?${query}`))).items.length;
  // The organization is a holder too.
  expect(await count('')).toBe(3);
  expect(await count('external_id=F')).toBe(1);
  expect(await count(`document=${made.document}`)).toBe(1);
  expect(await count('metadata.color=red')).toBe(1);
  expect(await count('metadata.color=blue')).toBe(0);
  await api.delete(`${path}/${made.id}`);
  expect(await count('')).toBe(2);
  expect(await count('include_deleted=true')).toBe(3);
  expect(refusal(await api.get(`${path}?include_deleted=maybe`))).toEqual({ status: 400, code: '0082' });
});

describe('accounts', () => {
  test('an organization is its own holder, and that of accounts without another', async () => {
    const { items } = await must(api.get(`${organization}/holders?document=123`));
    expect(items).toMatchObject([{ type: 'LEGAL_PERSON', name: 'Acme', document: '123' }]);
    const account = await must(api.post(`${ledger}/accounts`, { assetCode: 'USD', type: 'deposit' }));
    expect(account.holderId).toBe(items[0].id);
    expect(refusal(await api.delete(`${organization}/holders/${items[0].id}`))).toEqual({
      status: 422,
      code: 'CRM-0030',
    });
    expect((await must(api.get(`${ledger}/accounts/external/USD`))).holderId).toBeNull();
  });

  test('a ledger that asks for holders', async () => {
    const settings = { accounting: { requireHolder: true } };
    const { id } = await must(api.post(`${organization}/ledgers`, { name: 'Strict' }));
    const strict = `${organization}/ledgers/${id}`;
    await must(api.patch(`${strict}/settings`, settings));
    await must(api.post(`${strict}/assets`, { name: 'D', type: 'currency', code: 'USD' }));
    const send = (more: object) => api.post(`${strict}/accounts`, { assetCode: 'USD', type: 'deposit', ...more });
    expect(refusal(await send({}))).toEqual({ status: 422, code: '0491' });
    expect(refusal(await send({ holderId: unknownId }))).toEqual({ status: 404, code: 'CRM-0006' });
    const holder = await create();
    expect((await must(send({ holderId: holder.id }))).holderId).toBe(holder.id);
    const url = `${organization}/holders/${holder.id}/accounts`;
    expect((await must(api.get(`${url}?ledger_id=${id}`))).items).toMatchObject([{ holderId: holder.id }]);
    expect((await must(api.get(`${url}?ledger_id=${ledger.split('/').at(-1)}`))).items).toEqual([]);
    expect(refusal(await api.get(url))).toEqual({ status: 400, code: '0142' });
    expect(refusal(await api.get(`${url}?ledger_id=7`))).toEqual({ status: 404, code: '0037' });
  });

  test('an account with its instrument in one call', async () => {
    const holder = await create();
    const url = `${ledger}/holders/${holder.id}/accounts`;
    const account = { assetCode: 'USD', type: 'deposit', metadata: { a: 'b' } };
    const plain = await api.post(url, account);
    expect(plain).toMatchObject({ status: 201, body: { account: { holderId: holder.id }, instrument: null } });
    expect(plain.body).not.toHaveProperty('instrumentError');
    const both = await must(api.post(url, { ...account, bankingDetails: { branch: '1' } }));
    expect(both.instrument).toMatchObject({
      holderId: holder.id,
      accountId: both.account.id,
      bankingDetails: { branch: '1' },
      metadata: { a: 'b' },
    });
    const party = { name: 'N', role: 'PRIMARY_HOLDER', startDate: '2026-01-01' };
    const { status, body } = await api.post(url, { ...account, relatedParties: [party] });
    expect(status).toBe(201);
    expect(body).toMatchObject({ instrument: null, instrumentError: { status: 'FAILED', reason: 'CRM-0026' } });
    expect((await api.get(`${ledger}/accounts/${body.account.id}`)).status).toBe(200);
    expect(refusal(await api.post(url, { ...account, holderId: holder.id }))).toEqual({ status: 400, code: '0053' });
    expect(refusal(await api.post(`${ledger}/holders/${unknownId}/accounts`, account))).toEqual({
      status: 404,
      code: 'CRM-0006',
    });
  });
});
