import { expect, test } from 'vitest';
import { must } from '../support/ledger-api.js';
import { namedRecordSuite } from '../support/named-records.js';

const { api, freshCollection } = namedRecordSuite({
  path: 'portfolios',
  entityType: 'Portfolio',
  event: 'portfolio',
  noneFound: '0058',
});

test('the entity id is left out when empty, and filters the list; names may repeat', async () => {
  const path = await freshCollection();
  const given = await must(api().post(path, { name: 'A', entityId: 'customer-1' }));
  expect(given.entityId).toBe('customer-1');
  const without = await must(api().post(path, { name: 'A', status: 'frozen' }));
  expect(without).not.toHaveProperty('entityId');
  const list = async (query: string) =>
    (await must(api().get(`${path}?${query}`))).items.map(({ id }: { id: string }) => id);
  expect(await list('entity_id=customer-1')).toEqual([given.id]);
  expect(await list('status=active')).toEqual([given.id]);
  expect(await list('status=nothing')).toEqual([]);
  expect((await must(api().patch(`${path}/${without.id}`, { entityId: 'customer-2' }))).entityId).toBe('customer-2');
  expect((await must(api().patch(`${path}/${without.id}`, { entityId: null }))).entityId).toBe('customer-2');
});
