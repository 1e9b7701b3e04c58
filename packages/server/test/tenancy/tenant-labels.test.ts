import type { TenantId } from '@cofferdam/core';
import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createTenantLabels, dropTenantSeries } from '../../src/tenancy/tenant-labels.js';

const id = (name: string) => name as TenantId;

test('the first get labels of their own; a busier one takes the place of the quietest, and series only begin and end', async () => {
  const registry = new Registry();
  const counter = new Counter({ name: 'uses', help: 'uses', labelNames: ['tenant_id'], registers: [registry] });
  let now = 0;
  const dropped: Promise<void>[] = [];
  const labels = createTenantLabels({
    max: 2,
    now: () => now,
    reviewMs: 1_000,
    onDropped: (label) => dropped.push(dropTenantSeries(registry, label)),
  });
  const use = (name: string, times: number) => {
    for (let i = 0; i < times; i += 1) counter.inc({ tenant_id: labels.of(id(name)) });
  };
  use('a', 10);
  use('b', 3);
  use('c', 9);
  use('d', 4);
  const values = async () =>
    Object.fromEntries((await counter.get()).values.map(({ labels: { tenant_id }, value }) => [tenant_id, value]));
  expect(await values()).toEqual({ a: 10, b: 3, other: 13 });
  now = 1_001;
  use('c', 2);
  await Promise.all(dropped);
  // c was more than twice as busy as b; d was not.
  expect(await values()).toEqual({ a: 10, other: 13, c: 2 });
  expect(labels.peek(id('b'))).toBe('other');
  expect(labels.of(undefined)).toBe('none');
});

test('tenants without end take no memory without end', () => {
  const labels = createTenantLabels({ max: 2, onDropped: () => {} });
  const seen = new Set<string>();
  for (let i = 0; i < 100_000; i += 1) seen.add(labels.of(id(`t${i}`)));
  expect(seen.size).toBe(3);
});
