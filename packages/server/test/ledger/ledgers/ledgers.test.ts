import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let organization: string;
beforeAll(async () => {
  api = await createLedgerApi();
  organization = (await createBooks(api)).organizationPath;
});
afterAll(() => api.close());

const unknownId = '019c96a0-0000-7000-8000-00000000dead';
let made = 0;
const create = (more: object = {}) => {
  made += 1;
  return must(api.post(`${organization}/ledgers`, { name: `Ledger ${made}`, ...more }));
};
const anotherOrganization = async () =>
  `/v1/organizations/${(await must(api.post('/v1/organizations', { legalName: 'B', legalDocument: '2' }))).id}`;

describe('create', () => {
  test('answers 201 with every member of the contract, settings left out', async () => {
    const { status, body } = await api.post(`${organization}/ledgers`, { name: 'Books', metadata: { a: 'b' } });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      name: 'Books',
      organizationId: organization.split('/').at(-1),
      status: { code: 'ACTIVE', description: null },
      createdAt: expect.any(String),
      updatedAt: body.createdAt,
      deletedAt: null,
      metadata: { a: 'b' },
    });
    expect((await api.get(`${organization}/ledgers/${body.id}`)).body).toEqual(body);
  });

  test('keeps names apart within an organization without regard to case, on create only', async () => {
    const first = await create({ name: 'Unique_1' });
    expect(refusal(await api.post(`${organization}/ledgers`, { name: 'uNIQUE_1' }))).toEqual({
      status: 409,
      code: '0002',
    });
    await create({ name: 'UniqueX1' });
    await must(api.post(`${await anotherOrganization()}/ledgers`, { name: 'Unique_1' }));
    const other = await create();
    expect((await must(api.patch(`${organization}/ledgers/${other.id}`, { name: 'Unique_1' }))).name).toBe('Unique_1');
    for (const { id } of [first, other]) await must(api.delete(`${organization}/ledgers/${id}`));
    await create({ name: 'unique_1' });
  });

  test('lets one of many racing creations with a name through', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.post(`${organization}/ledgers`, { name: 'Raced' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
  });

  test('refuses an unknown or deleted organization, missing and unknown members', async () => {
    const url = `/v1/organizations/${unknownId}/ledgers`;
    expect(refusal(await api.post(url, { name: 'X' }))).toEqual({ status: 404, code: '0038' });
    const gone = await anotherOrganization();
    await must(api.delete(gone));
    expect(refusal(await api.post(`${gone}/ledgers`, { name: 'X' }))).toEqual({ status: 404, code: '0038' });
    expect(refusal(await api.post(`${organization}/ledgers`, {}))).toEqual({ status: 400, code: '0009' });
    expect(refusal(await api.post(`${organization}/ledgers`, { name: 'X', colour: 1 }))).toEqual({
      status: 400,
      code: '0053',
    });
  });

  test('stores whole settings only, and shows them only when they are not the defaults', async () => {
    const defaults = (await must(api.get(`${organization}/ledgers/${(await create()).id}/settings`))) as object;
    expect(await create({ settings: {} })).not.toHaveProperty('settings');
    expect(await create({ settings: defaults })).not.toHaveProperty('settings');
    const tracer = { mode: 'off', failPosture: 'open' };
    const custom = await create({ settings: { accounting: { requireHolder: true }, tracer } });
    expect(custom.settings).toEqual({
      accounting: { validateAccountType: false, validateRoutes: false, requireHolder: true },
      tracer: { ...tracer, timeoutMs: 0 },
      overrides: { allowFeeSkip: false, allowTracerSkip: false, allowHolderSkip: false },
    });
    expect(await must(api.get(`${organization}/ledgers/${custom.id}/settings`))).toEqual(custom.settings);
    const refuse = async (settings: unknown) =>
      refusal(await api.post(`${organization}/ledgers`, { name: 'S', settings }));
    expect(await refuse({ accounting: { requireHolder: true } })).toEqual({ status: 400, code: '0176' });
    expect(await refuse({ tracer: { mode: 'sometimes', failPosture: 'open' } })).toEqual({ status: 400, code: '0176' });
    expect(await refuse({ nothing: { a: 1 } })).toEqual({ status: 400, code: '0053' });
    expect(await refuse({ accounting: { requireHolder: 'yes' } })).toEqual({ status: 400, code: '0094' });
  });
});

test('change keeps what is left out and refuses settings', async () => {
  const ledger = await create({ metadata: { a: 1 } });
  const url = `${organization}/ledgers/${ledger.id}`;
  const changed = await must(api.patch(url, { name: 'New name', status: 'INACTIVE', metadata: { b: 2 } }));
  expect(changed).toMatchObject({ name: 'New name', status: { code: 'INACTIVE' }, metadata: { a: 1, b: 2 } });
  expect((await must(api.patch(url, { name: '' }))).name).toBe('New name');
  expect(refusal(await api.patch(url, { settings: { a: { b: 1 } } }))).toEqual({ status: 400, code: '0053' });
});

test('a missing, deleted and foreign ledger are answered alike', async () => {
  const { id } = await create();
  await must(api.delete(`${organization}/ledgers/${id}`));
  const other = await anotherOrganization();
  const foreign = await must(api.post(`${other}/ledgers`, { name: 'Foreign' }));
  const unknown = await api.get(`${organization}/ledgers/${unknownId}`);
  expect(unknown.body).toMatchObject({ status: 404, code: '0007', entityType: 'Ledger' });
  for (const missing of [id, foreign.id]) {
    const url = `${organization}/ledgers/${missing}`;
    const answers = [
      await api.get(url),
      await api.patch(url, {}),
      await api.delete(url),
      await api.get(`${url}/settings`),
      await api.patch(`${url}/settings`, {}),
    ];
    for (const answer of answers) expect(answer.text).toBe(unknown.text);
  }
  expect((await api.get(`${other}/ledgers/${foreign.id}`)).status).toBe(200);
});

test('lists and counts belong to one organization, and do not ask whether it exists', async () => {
  const other = await anotherOrganization();
  for (const name of ['Alpha', 'alphabet', 'Beta'])
    await must(api.post(`${other}/ledgers`, { name, metadata: { name } }));
  const names = async (query: string) =>
    (await must(api.get(`${other}/ledgers?${query}`))).items.map(({ name }: { name: string }) => name);
  expect(await names('')).toEqual(['Alpha', 'alphabet', 'Beta']);
  expect(await names('name=ALPHA')).toEqual(['Alpha', 'alphabet']);
  expect(await names('metadata.name=Beta')).toEqual(['Beta']);
  expect(await names('status=INACTIVE')).toEqual([]);
  expect(refusal(await api.get(`${other}/ledgers?status=X`))).toEqual({ status: 400, code: '0082' });
  expect(refusal(await api.get(`${other}/ledgers?metadata.name=Gamma`))).toEqual({ status: 404, code: '0060' });
  expect(refusal(await api.get(`${other}/ledgers?metadata.name=Beta&name=B`))).toEqual({ status: 400, code: '0082' });
  expect((await api.head(`${other}/ledgers/metrics/count`)).headers['x-total-count']).toBe('3');
  expect(await must(api.get(`/v1/organizations/${unknownId}/ledgers`))).toEqual({ items: [], page: 1, limit: 10 });
  expect((await api.head(`/v1/organizations/${unknownId}/ledgers/metrics/count`)).headers['x-total-count']).toBe('0');
});

test('deleting is refused in production', async () => {
  const production = await createLedgerApi({ production: true });
  try {
    const { ledgerPath } = await createBooks(production);
    expect(refusal(await production.delete(ledgerPath))).toEqual({ status: 422, code: '0008' });
  } finally {
    await production.close();
  }
});

describe('settings', () => {
  const defaults = {
    accounting: { validateAccountType: false, validateRoutes: false, requireHolder: false },
    tracer: { mode: 'off', failPosture: 'open', timeoutMs: 250 },
    overrides: { allowFeeSkip: false, allowTracerSkip: false, allowHolderSkip: false },
  };
  const fresh = async () => `${organization}/ledgers/${(await create()).id}`;

  test('are whole when read, merged key by key when changed, and default again when null', async () => {
    const url = await fresh();
    expect(await must(api.get(`${url}/settings`))).toEqual(defaults);
    expect(await must(api.patch(`${url}/settings`, {}))).toEqual(defaults);
    expect(await must(api.get(url))).not.toHaveProperty('settings');
    await must(api.patch(`${url}/settings`, { accounting: { validateAccountType: true } }));
    const after = await must(
      api.patch(`${url}/settings`, { accounting: { requireHolder: true }, tracer: { timeoutMs: 5 } }),
    );
    expect(after).toEqual({
      ...defaults,
      accounting: { ...defaults.accounting, validateAccountType: true, requireHolder: true },
      tracer: { ...defaults.tracer, timeoutMs: 5 },
    });
    expect(await must(api.get(`${url}/settings`))).toEqual(after);
    expect((await must(api.get(url))).settings).toEqual(after);
    await must(api.patch(`${url}/settings`, { accounting: null, tracer: { timeoutMs: null } }));
    expect(await must(api.get(`${url}/settings`))).toEqual(defaults);
    expect(await must(api.patch(`${url}/settings`, {}))).toEqual(defaults);
  });

  test.each([
    ['an unknown section', { colour: {} }, '0147'],
    ['an unknown setting', { accounting: { colour: true } }, '0147'],
    ['a word for a flag', { accounting: { requireHolder: 'true' } }, '0148'],
    ['a number for a section', { accounting: 1 }, '0148'],
    ['a list for a section', { accounting: [] }, '0148'],
    ['a fraction of a millisecond', { tracer: { timeoutMs: 1.5 } }, '0148'],
    ['a setting at the root, before anything else', { colour: {}, validateRoutes: true }, '0149'],
    ['an unknown word', { tracer: { mode: 'sometimes' } }, '0176'],
    ['a negative time', { tracer: { timeoutMs: -1 } }, '0176'],
    ['no object', [], '0094'],
    ['more than 64 KiB', { colour: 'x'.repeat(66_000) }, '0143'],
  ])('refuse %s and stay as they are', async (_, patch, code) => {
    const url = await fresh();
    expect(refusal(await api.patch(`${url}/settings`, patch))).toEqual({ status: 400, code });
    expect(await must(api.get(`${url}/settings`))).toEqual(defaults);
  });
});
