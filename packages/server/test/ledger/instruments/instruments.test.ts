import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let organization: string;
let ledger: string;
let ledgerId: string;
let holder: { id: string; document: string };
beforeAll(async () => {
  api = await createLedgerApi();
  ({ organizationPath: organization, ledgerPath: ledger } = await createBooks(api));
  ledgerId = ledger.split('/').at(-1) as string;
  holder = await must(api.post(`${organization}/holders`, { type: 'NATURAL_PERSON', name: 'A', document: 'D' }));
});
afterAll(() => api.close());

const unknownId = '019c96a0-0000-7000-8000-00000000dead';
const newAccount = async () => (await must(api.post(`${ledger}/accounts`, { assetCode: 'USD', type: 'deposit' }))).id;
const path = () => `${organization}/holders/${holder.id}/instruments`;
const party = { document: 'P', name: 'Bob', role: 'PRIMARY_HOLDER', startDate: '2026-01-31' };

test('create, read, change, delete', async () => {
  const accountId = await newAccount();
  const { status, body } = await api.post(path(), {
    ledgerId,
    accountId,
    bankingDetails: { branch: '1', iban: 'X', closingDate: '2020-01-01' },
    relatedParties: [party],
  });
  expect(status).toBe(201);
  expect(body).toEqual({
    id: expect.any(String),
    organizationId: organization.split('/').at(-1),
    ledgerId,
    holderId: holder.id,
    accountId,
    document: 'D',
    type: 'NATURAL_PERSON',
    bankingDetails: { branch: '1', iban: 'X', closingDate: '2020-01-01' },
    relatedParties: [{ id: expect.any(String), ...party }],
    createdAt: expect.any(String),
    updatedAt: body.createdAt,
    deletedAt: null,
  });
  const url = `${path()}/${body.id}`;
  expect((await api.get(url)).body).toEqual(body);
  const second = { ...party, document: 'Q', endDate: '2026-02-01' };
  const changed = await must(
    api.patch(url, { bankingDetails: { branch: '2', iban: null, closingDate: null }, relatedParties: [second] }),
  );
  expect(changed.bankingDetails).toEqual({ branch: '2' });
  expect(changed.relatedParties).toMatchObject([party, second]);
  expect(refusal(await api.patch(url, { bankingDetails: { closingDate: '2020-01-01' } }))).toEqual({
    status: 400,
    code: 'CRM-0023',
  });
  expect(refusal(await api.delete(`${organization}/holders/${holder.id}`))).toEqual({ status: 422, code: 'CRM-0017' });
  const partyUrl = `${url}/related-parties/${body.relatedParties[0].id}`;
  expect((await api.delete(partyUrl)).status).toBe(204);
  expect(refusal(await api.delete(partyUrl))).toEqual({ status: 404, code: 'CRM-0024' });
  expect((await must(api.get(url))).relatedParties).toMatchObject([second]);
  expect((await api.delete(url)).status).toBe(204);
  const unknown = await api.get(`${path()}/${unknownId}`);
  expect(refusal(unknown)).toEqual({ status: 404, code: 'CRM-0008' });
  for (const answer of [
    await api.get(url),
    await api.patch(url, {}),
    await api.delete(url),
    await api.delete(partyUrl),
  ])
    expect(answer.text).toBe(unknown.text);
  expect((await must(api.get(`${url}?include_deleted=1`))).deletedAt).not.toBeNull();
  expect((await api.delete(`${url}?hard_delete=true`)).status).toBe(204);
  expect((await api.get(`${url}?include_deleted=1`)).status).toBe(404);
});

test('what it refers to must be there, and related parties come first', async () => {
  const accountId = await newAccount();
  const send = (more: object, at = path()) => api.post(at, { ledgerId, accountId, ...more });
  const elsewhere = `${organization}/holders/${unknownId}/instruments`;
  expect(refusal(await send({ accountId: 'x' }))).toEqual({ status: 400, code: '0065' });
  expect(refusal(await send({ accountId: null }))).toEqual({ status: 400, code: '0009' });
  expect(refusal(await send({ relatedParties: [{}] }, elsewhere))).toEqual({ status: 400, code: 'CRM-0026' });
  expect(refusal(await send({}, elsewhere))).toEqual({ status: 404, code: 'CRM-0006' });
  expect(refusal(await send({ ledgerId: unknownId }))).toEqual({ status: 422, code: '0488' });
  expect(refusal(await send({ accountId: unknownId }))).toEqual({ status: 422, code: '0489' });
  const answers = await Promise.all(Array.from({ length: 5 }, () => send({})));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  expect(refusal(await send({}))).toEqual({ status: 409, code: 'CRM-0013' });
});

test.each([
  [{ document: '' }, 'CRM-0026'],
  [{ name: null }, 'CRM-0027'],
  [{ role: 'FRIEND' }, 'CRM-0025'],
  [{ startDate: null }, 'CRM-0028'],
  [{ startDate: 'soon' }, 'CRM-0028'],
  [{ endDate: '2025-01-01' }, 'CRM-0029'],
  [{ document: '', name: '', role: 'FRIEND' }, 'CRM-0026'],
])('a related party with %j', async (more, code) => {
  const body = { ledgerId, accountId: unknownId, relatedParties: [{ ...party, ...more }] };
  expect(refusal(await api.post(path(), body))).toEqual({ status: 400, code });
});

test('a key is the holder’s own', async () => {
  const headers = { 'x-idempotency': 'k' };
  const body = { ledgerId, accountId: await newAccount() };
  const first = await api.call('POST', path(), body, headers);
  const again = await api.call('POST', path(), { ledgerId, accountId: unknownId }, headers);
  expect([again.status, again.text]).toEqual([201, first.text]);
  expect(again.headers['x-idempotency-replayed']).toBe('true');
  const other = await must(api.post(`${organization}/holders`, { type: 'LEGAL_PERSON', name: 'B', document: 'E' }));
  const foreign = await api.call('POST', `${organization}/holders/${other.id}/instruments`, body, headers);
  expect(refusal(foreign)).toEqual({ status: 409, code: 'CRM-0013' });
});

test('the list has every filter of the contract', async () => {
  const accountId = await newAccount();
  const { id } = await must(
    api.post(path(), {
      ledgerId,
      accountId,
      bankingDetails: { branch: 'B7', account: 'A7', iban: 'I7' },
      regulatoryFields: { participantDocument: 'R7' },
      relatedParties: [
        { ...party, document: 'P7' },
        { ...party, document: 'P8', role: 'RESPONSIBLE_PARTY' },
      ],
      metadata: { color: 'seven' },
    }),
  );
  const find = async (query: string) =>
    (await must(api.get(`${organization}/instruments?${query}`))).items.map((one: { id: string }) => one.id);
  for (const query of [
    `account_id=${accountId}`,
    'banking_details_branch=B7',
    'banking_details_account=A7',
    'banking_details_iban=I7',
    'regulatory_fields_participant_document=R7',
    'related_party_document=P7',
    'related_party_document=P8&related_party_role=RESPONSIBLE_PARTY',
    'metadata.color=seven',
  ])
    expect(await find(query)).toEqual([id]);
  expect(await find('related_party_document=P7&related_party_role=RESPONSIBLE_PARTY')).toEqual([]);
  for (const query of [`holder_id=${holder.id}`, `ledger_id=${ledgerId}`, 'document=D', 'include_deleted=true'])
    expect(await find(query)).toContain(id);
  expect(refusal(await api.get(`${organization}/instruments?holder_id=7`))).toEqual({ status: 400, code: '0082' });
});
