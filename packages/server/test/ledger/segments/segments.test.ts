import { expect, test } from 'vitest';
import { must, refusal } from '../support/ledger-api.js';
import { namedRecordSuite } from '../support/named-records.js';

const { api, freshCollection } = namedRecordSuite({
  path: 'segments',
  entityType: 'Segment',
  event: 'segment',
  noneFound: '0057',
});

test('a name is taken once a ledger, case and all, on create only', async () => {
  const path = await freshCollection();
  await must(api().post(path, { name: 'A' }));
  expect(refusal(await api().post(path, { name: 'A' }))).toEqual({ status: 409, code: '0015' });
  const other = await must(api().post(path, { name: 'a' }));
  expect((await must(api().patch(`${path}/${other.id}`, { name: 'A' }))).name).toBe('A');
  const answers = await Promise.all(Array.from({ length: 6 }, () => api().post(path, { name: 'Raced' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(5).fill(409)]);
});
