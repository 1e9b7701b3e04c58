import type { LedgerError, TenantId } from '@cofferdam/core';
import { expect, test } from 'vitest';
import { createQuotas, type TenantQuotas } from '../../src/tenancy/quotas.js';
import type { TenantConfig } from '../../src/tenancy/tenant-config.js';

/** A clock and a catalogue in the test's hands: what is said here is arithmetic, the rest is in quotas.test.ts. */
function stage() {
  const quotas = new Map<TenantId, TenantQuotas>();
  const configOf = (id: TenantId) => ({ id, status: 'active', quotas: quotas.get(id) }) as unknown as TenantConfig;
  let changed: (config: TenantConfig) => void = () => {};
  let now = 0;
  const gate = createQuotas({
    catalogue: {
      peek: configOf,
      onChange: (listener) => {
        changed = listener;
      },
    },
    clock: () => now,
  });
  return {
    gate,
    set(id: TenantId, wanted: TenantQuotas | undefined) {
      if (wanted === undefined) quotas.delete(id);
      else quotas.set(id, wanted);
      changed(configOf(id));
    },
    pass: (ms: number) => (now += ms),
    served(id: TenantId, tries: number): number {
      let served = 0;
      for (let i = 0; i < tries; i += 1) {
        try {
          gate.enter(id, false);
          served += 1;
        } catch (error) {
          expect((error as LedgerError).reasonName).toBe('tenant_quota_exceeded');
        }
      }
      return served;
    },
  };
}

const one = 'one' as TenantId;

test('ten times the quota: what is served is the quota, evenly, whatever the burst was', () => {
  const { gate, set, pass, served } = stage();
  set(one, { requestsPerSecond: 100, burst: 20 });
  expect(served(one, 1_000)).toBe(20);
  let total = 0;
  for (let i = 0; i < 1_000; i += 1) {
    pass(10);
    const now = served(one, 10);
    expect(now).toBeLessThanOrEqual(2);
    total += now;
  }
  expect(total).toBeGreaterThanOrEqual(999);
  expect(total).toBeLessThanOrEqual(1_001);
  // The promise of Retry-After holds, for a quota of one a second too.
  set(one, { requestsPerSecond: 1 });
  served(one, 5);
  const refusal = gate.exhausted(one, false);
  pass((refusal?.info.retryAfterSeconds ?? 0) * 1_000);
  expect(gate.exhausted(one, false)).toBeUndefined();
});

test('memory: only tenants that have quotas take any, and give it back', () => {
  const { gate, set, served } = stage();
  for (let i = 0; i < 20_000; i += 1) gate.enter(`t${i}` as TenantId, true);
  expect(gate.size).toBe(0);
  set(one, { concurrentPosts: 1 });
  const leave = gate.enter(one, true);
  expect(() => gate.enter(one, true)).toThrow(expect.objectContaining({ reasonName: 'tenant_quota_exceeded' }));
  expect(served(one, 5)).toBe(5);
  leave?.();
  leave?.();
  gate.enter(one, true)?.();
  expect(gate.size).toBe(1);
  set(one, undefined);
  expect(gate.size).toBe(0);
});

test('what came in while there was no rate is no debt when there is one again', () => {
  const { set, served } = stage();
  set(one, { concurrentPosts: 5 });
  expect(served(one, 1_000)).toBe(1_000);
  set(one, { requestsPerSecond: 20, burst: 4 });
  expect(served(one, 10)).toBe(4);
});
