import { type ErrorName, LedgerError } from '@cofferdam/core';
import { describe, expect, it } from 'vitest';
import { type AdmissionOptions, createAdmission } from '../../src/http/admission.js';
import type { Principal } from '../../src/http/principal.js';
import { defineRoute, type Guard } from '../../src/http/route.js';
import { listenerWith } from './support.js';

const principal = { subject: 's', tenantId: 't' } as unknown as Principal;
const permission = { permission: { resource: 'accounts', action: 'post' } } as const;

/** Every step succeeds unless told otherwise; `steps` shows which ran. */
function door(changes: { failAt?: string; with?: unknown; allowed?: boolean; enabled?: boolean } = {}) {
  const steps: string[] = [];
  const step = (name: string) => {
    steps.push(name);
    if (changes.failAt === name) throw changes.with;
  };
  const options: AdmissionOptions<string> = {
    auth:
      changes.enabled === false
        ? { enabled: false }
        : {
            enabled: true,
            authenticate: async () => {
              step('token');
              return { principal, accessToken: 'a.b.c' };
            },
            permissions: {
              isAllowed: async (who, what, accessToken) => {
                step(`permission ${who.subject} ${what.resource}:${what.action} ${accessToken}`);
                return changes.allowed ?? true;
              },
            },
          },
    tenants: {
      resolve: (who) => {
        step(`tenant ${who?.tenantId}`);
        return 'the store';
      },
    },
  };
  return { admission: createAdmission(options), steps };
}

async function enter(guard: Guard, changes: Parameters<typeof door>[0] = {}) {
  const { admission, steps } = door(changes);
  const app = listenerWith(
    [
      defineRoute<unknown>({
        method: 'GET',
        url: '/x',
        guard,
        operationId: 'x',
        tag: 'Test',
        summary: 'x',
        success: { status: 200, description: 'done' },
        errors: [],
        handler: async ({ context, principal: who }) => ({ status: 200, body: { context, subject: who?.subject } }),
      }),
    ],
    { admission },
  );
  const answer = await app.inject({ url: '/x', headers: { authorization: 'nonsense' } });
  return { answer, steps };
}

describe('a protected route', () => {
  it('verifies the token, resolves the tenant, then asks for the permission', async () => {
    const { answer, steps } = await enter(permission);
    expect(answer.json()).toEqual({ context: 'the store', subject: 's' });
    expect(steps).toEqual(['token', 'tenant t', 'permission s accounts:post a.b.c']);
  });

  it.each<[ErrorName, number]>([
    ['token_missing', 401],
    ['invalid_token', 401],
  ])('stops at the token: %s', async (name, status) => {
    const { answer, steps } = await enter(permission, {
      failAt: 'token',
      with: new LedgerError(name, { detail: 'no' }),
    });
    expect(answer.statusCode).toBe(status);
    expect(steps).toEqual(['token']);
  });

  it('is refused at the permission', async () => {
    const { answer, steps } = await enter(permission, { allowed: false });
    expect([answer.statusCode, answer.json().code]).toEqual([403, '0043']);
    expect(answer.json().detail).toContain('accounts:post');
    expect(steps).toEqual(['token', 'tenant t', 'permission s accounts:post a.b.c']);
  });

  it('answers 503 when the permission cannot be known', async () => {
    const { answer } = await enter(permission, { failAt: 'permission s accounts:post a.b.c', with: new Error('down') });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.json()).toMatchObject({ code: '0161', reason: 'AUTH_UNAVAILABLE', detail: 'internal error' });
  });

  it('relays the refusals of the tenant', async () => {
    const refusal = new LedgerError('service_suspended', { detail: 'Suspended.', reason: 'TENANT_SUSPENDED' });
    const { answer } = await enter(permission, { failAt: 'tenant t', with: refusal });
    expect(answer.json()).toMatchObject({ status: 403, code: '0159', reason: 'TENANT_SUSPENDED' });
  });
});

it('a public route touches nothing', async () => {
  const { answer, steps } = await enter({ public: 'test' });
  expect([answer.statusCode, answer.json(), steps]).toEqual([200, {}, []]);
});

it('with auth off a token of any content is ignored', async () => {
  const { answer, steps } = await enter(permission, { enabled: false });
  expect(answer.json()).toEqual({ context: 'the store' });
  expect(steps).toEqual(['tenant undefined']);
});

it('an operators’ route is not opened by mistake', async () => {
  const { answer, steps } = await enter({ operator: true });
  expect([answer.statusCode, steps]).toEqual([500, []]);
});
