import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type Call, refusal } from './modes.js';

/** What a refusal looks like, in the books at this path. */
export async function refusalShape(call: Call, at: string): Promise<void> {
  const missing = await call('GET', `${at}/accounts/${randomUUID()}`);
  expect(missing.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(missing.body).toMatchObject({
    status: 404,
    code: '0007',
    title: 'Entity Not Found',
    entityType: 'Account',
    detail: expect.any(String),
    message: expect.any(String),
    type: expect.stringMatching(/0007$/),
  });
  const older = await call('GET', `${at}/accounts/${randomUUID()}`, undefined, { accept: 'application/json' });
  expect(older.headers.get('content-type')).toMatch(/^application\/json/);
  expect(refusal(await call('GET', `${at}/accounts/not-an-id`))).toBe('400/0065');
  expect(refusal(await call('POST', `${at}/accounts`, '{'))).toBe('400/0094');
  const unknown = await call('POST', `${at}/portfolios`, { surplus: 1 });
  expect([refusal(unknown), unknown.body.errors[0].location]).toEqual(['400/0053', expect.stringContaining('surplus')]);
  expect(refusal(await call('GET', '/v1/nothing'))).toBe('404/0484');
  expect(refusal(await call('PUT', '/v1/organizations'))).toBe('405/0485');
}
