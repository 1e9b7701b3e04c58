import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { LedgerError, type TenantId } from '@cofferdam/core';
import { afterEach, expect, test } from 'vitest';
import { createThrottle, type Throttle, type ThrottleOptions } from '../../src/http/throttle.js';

const tenant = 'one' as TenantId;
const refusal = new LedgerError('tenant_quota_exceeded', { detail: 'too many' });
let throttle: Throttle;
afterEach(() => throttle.release());

/** `allowed`: how many may still come in; each that is served takes one. */
function stage(options: Omit<ThrottleOptions, 'allowance'>) {
  const quota = { allowed: 0 };
  throttle = createThrottle({ turnMs: 5, allowance: () => quota.allowed, ...options });
  const served: number[] = [];
  const refused: number[] = [];
  const refusedAt: number[] = [];
  const send = (number: number): EventEmitter => {
    const response = new EventEmitter();
    throttle.add(tenant, {
      response: response as unknown as ServerResponse,
      refusal: () => (quota.allowed > 0 ? undefined : refusal),
      serve: () => {
        quota.allowed -= 1;
        served.push(number);
      },
      refuse() {
        refused.push(number);
        refusedAt.push(performance.now());
      },
    });
    return response;
  };
  return { served, refused, refusedAt, quota, send };
}

test('the first refusals of a second come at once, the others when they have waited', async () => {
  const { refused, refusedAt, send } = stage({ promptPerSecond: 2, waitMsMax: 60 });
  const sentAt = performance.now();
  for (let i = 0; i < 5; i += 1) send(i);
  expect(refused).toEqual([0, 1]);
  expect(throttle.isWaiting(tenant)).toBe(true);
  expect(throttle.isWaiting('another' as TenantId)).toBe(false);
  await expect.poll(() => refused).toEqual([0, 1, 2, 3, 4]);
  for (const at of refusedAt.slice(2)) expect(at - sentAt).toBeGreaterThanOrEqual(60);
  expect(throttle.isWaiting(tenant)).toBe(false);
});

test('what the quota allows meanwhile is served in the order in which it came; nobody overtakes', async () => {
  const { served, refused, quota, send } = stage({ promptPerSecond: 1, waitMsMax: 5_000 });
  for (let i = 0; i < 31; i += 1) send(i);
  expect(refused).toEqual([0]);
  quota.allowed = 20;
  send(31);
  await expect.poll(() => served).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  throttle.release();
  expect(served.length).toBe(20);
  expect(refused).toEqual([0, ...Array.from({ length: 11 }, (_, i) => i + 21)]);
});

test('whoever hangs up is neither served nor refused; what waits is bounded', async () => {
  const { served, refused, quota, send } = stage({ promptPerSecond: 1, waitMsMax: 5_000, waitingMax: 3 });
  const responses = [0, 1, 2, 3].map(send);
  send(4);
  expect(refused).toEqual([0, 4]);
  responses[2]?.emit('close');
  send(5);
  send(6);
  expect(refused).toEqual([0, 4, 6]);
  quota.allowed = 10;
  await expect.poll(() => served).toEqual([1, 3, 5]);
});
