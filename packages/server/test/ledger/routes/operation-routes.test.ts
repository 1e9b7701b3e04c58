import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBooks, createLedgerApi, type LedgerApi, must, refusal } from '../support/ledger-api.js';

let api: LedgerApi;
let path: string;
beforeAll(async () => {
  api = await createLedgerApi();
  path = `${(await createBooks(api)).ledgerPath}/operation-routes`;
});
afterAll(() => api.close());

const rubric = (code = '1') => ({ code, description: `rubric ${code}` });
const debit = { debit: rubric() };
const credit = { credit: rubric() };
const both = { ...debit, ...credit };
const reserve = { hold: both, commit: both, cancel: both };
const codeOf = async (body: object) => {
  const { status, body: answer } = await api.post(path, { title: 'R', operationType: 'source', ...body });
  return status === 201 ? 'made' : `${status}/${answer.code}`;
};

describe('operation routes', () => {
  it('come back as they were made, and only with what they have', async () => {
    const body = {
      title: 'Cash in',
      description: 'd',
      code: 'c',
      operationType: 'bidirectional',
      account: { ruleType: 'account_type', validIf: ['deposit', 'savings'] },
      accountingEntries: { direct: both, ...reserve, revert: both, overdraft: both, block: both, unblock: both },
      metadata: { a: 1 },
    };
    const made = await must(api.post(path, body));
    expect(made).toMatchObject(body);
    expect(Object.keys(made.accountingEntries)).toEqual(
      'direct hold commit cancel revert overdraft block unblock'.split(' '),
    );
    expect((await api.get(`${path}/${made.id}`)).body).toEqual(made);
    const bare = await must(api.post(path, { title: 'Bare', operationType: 'destination', account: null }));
    expect(Object.keys(bare).sort()).toEqual(
      'createdAt deletedAt id ledgerId operationType organizationId title updatedAt'.split(' '),
    );
  });

  it('refuse each bad form with its code', async () => {
    expect(await codeOf({ title: undefined })).toBe('400/0009');
    expect(await codeOf({ title: 'x'.repeat(256) })).toBe('400/0047');
    expect(await codeOf({ description: 'x'.repeat(251) })).toBe('400/0047');
    expect(await codeOf({ operationType: undefined })).toBe('400/0009');
    expect(await codeOf({ operationType: 'both' })).toBe('400/0103');
    expect(await codeOf({ operationType: 1 })).toBe('400/0094');
    expect(await codeOf({ account: { ruleType: 'alias' } })).toBe('400/0009');
    expect(await codeOf({ account: { validIf: '@a' } })).toBe('400/0009');
    expect(await codeOf({ account: {} })).toBe('made');
    expect(await codeOf({ account: { ruleType: 'name', validIf: 'x' } })).toBe('400/0111');
    expect(await codeOf({ account: { ruleType: 'alias', validIf: ['@a'] } })).toBe('400/0112');
    expect(await codeOf({ account: { ruleType: 'alias', validIf: 5 } })).toBe('400/0112');
    expect(await codeOf({ account: { ruleType: 'account_type', validIf: 'deposit' } })).toBe('400/0112');
    expect(await codeOf({ account: { ruleType: 'account_type', validIf: ['deposit', 1] } })).toBe('400/0112');
    expect(await codeOf({ account: { ruleType: 'account_type', validIf: ['\u0000'] } })).toBe('400/0112');
    expect(await codeOf({ account: { ruleType: 'alias', validIf: '@a', more: 1 } })).toBe('400/0053');
    expect(await codeOf({ accountingEntries: { daily: debit } })).toBe('400/0053');
    expect(await codeOf({ accountingEntries: { direct: { debit: rubric('x'.repeat(51)) } } })).toBe('400/0047');
    expect(await codeOf({ metadata: { a: {} } })).toBe('400/0067');
  });

  it.each([
    ['neither side', { direct: {} }, '400/0009'],
    ['a blank code', { direct: { debit: { code: ' ', description: 'd' } } }, '400/0009'],
    ['no description', { direct: { debit: { code: '1' } } }, '400/0009'],
    [
      'a blank code of an overdraft',
      { direct: debit, overdraft: { debit: { code: '', description: 'd' } } },
      '422/0166',
    ],
    ['neither side of a block', { direct: debit, block: {} }, '422/0166'],
    ['revert', { direct: debit, revert: both }, '422/0165'],
    ['the other side of direct', { direct: credit }, '422/0166'],
    ['half a hold', { direct: debit, hold: debit, commit: debit, cancel: both }, '422/0166'],
    ['hold alone', { direct: debit, hold: both }, '422/0163'],
    ['commit alone', { direct: debit, commit: debit }, '422/0163'],
    ['hold without direct', { hold: both, commit: debit, cancel: both }, '422/0164'],
    ['overdraft without direct', { overdraft: both }, '422/0164'],
    ['the matrix before the sides', { direct: credit, revert: both }, '422/0165'],
    ['the sides before the reserve', { direct: debit, hold: debit }, '422/0166'],
    ['block without direct', { block: debit }, 'made'],
    [
      'all that a source may have',
      { direct: debit, ...reserve, overdraft: both, block: debit, unblock: debit },
      'made',
    ],
  ])('with rubrics of a source: %s', async (_, accountingEntries, code) => {
    expect(await codeOf({ accountingEntries })).toBe(code);
  });

  it.each([
    ['destination', { direct: credit, hold: both }, '422/0162'],
    ['destination', { direct: credit, cancel: both }, '422/0162'],
    ['destination', { direct: credit, revert: both }, '422/0165'],
    ['destination', { direct: credit, commit: credit }, 'made'],
    ['destination', { commit: credit }, '422/0164'],
    ['destination', { direct: debit }, '422/0166'],
    ['bidirectional', { direct: debit }, '422/0166'],
    ['bidirectional', { direct: both, revert: both }, 'made'],
    ['bidirectional', { direct: both, hold: both, commit: both }, '422/0163'],
  ])('of a %s: %j answers %s', async (operationType, accountingEntries, code) => {
    expect(await codeOf({ operationType, accountingEntries })).toBe(code);
  });

  it('merge their rubrics scenario by scenario and hold the result to the rules', async () => {
    const accountingEntries = { direct: debit, ...reserve };
    const { id } = await must(api.post(path, { title: 'R', operationType: 'source', accountingEntries, code: 'c' }));
    const change = (body: object) => api.patch(`${path}/${id}`, body);
    expect(refusal(await change({ accountingEntries: { hold: null } }))).toEqual({ status: 422, code: '0163' });
    expect(refusal(await change({ accountingEntries: { direct: null } }))).toEqual({ status: 422, code: '0164' });
    const changed = await must(
      change({
        accountingEntries: { hold: null, commit: null, cancel: null, direct: { debit: rubric('2') } },
        account: { ruleType: 'alias', validIf: '@a' },
        title: 'New',
        metadata: { k: 'v' },
      }),
    );
    expect(changed).toMatchObject({
      title: 'New',
      code: 'c',
      account: { ruleType: 'alias', validIf: '@a' },
      accountingEntries: { direct: { debit: rubric('2') } },
      metadata: { k: 'v' },
    });
    const cleared = await must(change({ accountingEntries: null, account: null, description: null }));
    expect(cleared).not.toHaveProperty('accountingEntries');
    expect(cleared).not.toHaveProperty('account');
    expect(cleared).toMatchObject({ title: 'New', metadata: { k: 'v' } });
    expect(refusal(await change({ operationType: 'destination' }))).toEqual({ status: 400, code: '0053' });
  });

  it('are listed by cursor, filtered by metadata, and gone when deleted', async () => {
    const { ledgerPath } = await createBooks(api);
    const here = `${ledgerPath}/operation-routes`;
    const ids: string[] = [];
    for (const colour of ['red', 'blue', 'red'])
      ids.push((await must(api.post(here, { title: colour, operationType: 'source', metadata: { colour } }))).id);
    const first = await must(api.get(`${here}?limit=2`));
    expect(first.items.map((item: { id: string }) => item.id)).toEqual(ids.slice(0, 2));
    const second = await must(api.get(`${here}?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`));
    expect(second.items.map((item: { id: string }) => item.id)).toEqual(ids.slice(2));
    expect((await must(api.get(`${here}?metadata.colour=red`))).items).toHaveLength(2);
    expect(refusal(await api.get(`${here}?metadata.colour=green`))).toEqual({ status: 404, code: '0102' });
    expect((await api.delete(`${here}/${ids[0]}`)).status).toBe(204);
    for (const answer of [
      await api.get(`${here}/${ids[0]}`),
      await api.patch(`${here}/${ids[0]}`, { title: 'x' }),
      await api.delete(`${here}/${ids[0]}`),
    ])
      expect(refusal(answer)).toEqual({ status: 404, code: '0101' });
    expect((await must(api.get(here))).items).toHaveLength(2);
  });

  it('need a ledger', async () => {
    const none = '019c96a0-0000-7000-8000-000000000000';
    const [, organization] = path.match(/organizations\/([^/]+)/) ?? [];
    const at = (o: string) => `/v1/organizations/${o}/ledgers/${none}/operation-routes`;
    const body = { title: 'R', operationType: 'source' };
    expect(refusal(await api.post(at(none), body))).toEqual({ status: 404, code: '0038' });
    expect(refusal(await api.post(at(organization ?? ''), body))).toEqual({ status: 404, code: '0037' });
  });
});
