import { takeApart } from '../../isolation/support/real-key.js';
import { type Family, type Hostile, notTheirs } from './hostile.js';

/** X-32 and X-36 to X-38: the operators' listener and the Access Manager. */
export function accessFamilies(): readonly Family[] {
  return [
    {
      threat: 'X-32',
      what: 'operators’ and internal endpoints with tokens of tenants',
      weight: 2,
      make(random, caller, victim) {
        const id = victim.tenant.id;
        const [listener, method, path] = random.pick([
          ['tenants', 'GET', '/v1/tenants'],
          ['tenants', 'POST', '/v1/tenants'],
          ['tenants', 'GET', `/v1/tenants/${id}`],
          ['tenants', 'GET', `/v1/tenants/${id}/associations/ledger/connections`],
          ['tenants', 'PUT', `/v1/tenants/${id}/suspend`],
          ['tenants', 'DELETE', `/v1/tenants/${id}`],
          ['tenants', 'GET', '/v1/tenants/active?service=ledger'],
          ['tenants', 'POST', `/v1/tenants/${id}/credentials/rotate`],
          ['tenants', 'GET', '/v1/operations'],
          ['access', 'GET', '/v1/directory-changes?since=0'],
          ['access', 'GET', '/v1/revocations'],
        ] as const);
        const token = random.pick([caller.token, caller.ownerToken, undefined]);
        const headers = random.pick<string[]>([
          [],
          ['X-API-Key: '],
          [`X-API-Key: ${caller.tenant.clientSecret}`],
          ['X-API-Key: test-operator-key-0123456788'],
          [`X-API-Key: ${caller.token}`],
          ['X-Forwarded-For: 127.0.0.1'],
        ]);
        return {
          listener,
          method,
          path,
          token,
          headers,
          expected: [401, 403],
          ...(method === 'POST' ? { body: {} } : {}),
        };
      },
    },
    {
      threat: 'X-36',
      what: 'users, groups and applications of the victim by id',
      weight: 2,
      make(random, caller, victim) {
        const id = random.pick(victim.directoryIds);
        const [method, path, body] = random.pick<[string, string, object?]>([
          ['GET', `/v1/users/${id}`],
          ['PATCH', `/v1/users/${id}`, { firstName: 'Mallory' }],
          ['DELETE', `/v1/users/${id}`],
          ['GET', `/v1/users/${id}/mfa`],
          ['POST', `/v1/users/${id}/reset-password`, { newPassword: 'Another horse 8 battery' }],
          ['GET', `/v1/groups/${id}`],
          ['GET', `/v1/applications/${id}`],
          ['DELETE', `/v1/applications/${id}`],
          ['POST', `/v1/applications/${id}/rotate-secret`, {}],
        ]);
        return {
          listener: 'access',
          method,
          path,
          token: caller.ownerToken,
          expected: notTheirs,
          headers: random.next() < 0.3 ? [`X-Tenant-ID: ${victim.tenant.id}`] : [],
          ...(body === undefined ? {} : { body }),
        };
      },
    },
    {
      threat: 'X-37',
      what: 'another tenant named at the login',
      weight: 0,
      make(random, caller, victim) {
        const { clientId, clientSecret, id, slug } = caller.tenant;
        const named = random.pick<object>([
          {},
          { tenantId: victim.tenant.id },
          { organization: victim.tenant.slug },
          { owner: victim.tenant.slug },
          { clientId: `${victim.tenant.slug}/${clientId}` },
          { clientId: victim.tenant.clientId },
          { scope: victim.tenant.id },
        ]);
        const headers = [
          `X-Tenant-ID: ${victim.tenant.id}`,
          `Host: ${victim.tenant.slug}.access.example`,
          `X-Slug: ${slug}`,
        ];
        return {
          listener: 'access',
          method: 'POST',
          path: `/v1/login/oauth/access_token?tenantId=${victim.tenant.id}`,
          headers,
          body: { grantType: 'client_credentials', clientId, clientSecret, ...named },
          // 429: wrong secrets of one client from one address are slowed down.
          expected: [200, 400, 401, 429],
          judge(status, body) {
            if (status !== 200) return undefined;
            const { tenantId } = takeApart(JSON.parse(body).accessToken).claims;
            return tenantId === id ? undefined : `a token of ${String(tenantId)}`;
          },
        };
      },
    },
    {
      threat: 'X-38',
      what: 'refresh tokens and codes through another tenant’s client',
      weight: 0,
      make(random, caller, victim) {
        const { clientId, clientSecret } = caller.tenant;
        const [head = '', payload = '', signature = ''] = victim.refreshToken.split('.');
        const refreshToken = random.pick([
          victim.refreshToken,
          victim.token,
          [head, payload, signature.slice(0, -3)].join('.'),
          caller.refreshToken.slice(0, -2),
        ]);
        const body = random.pick<object>([
          { grantType: 'refresh_token', refreshToken, clientId, clientSecret },
          { grantType: 'refresh_token', refreshToken, clientId: caller.loginClientId },
        ]);
        const path = random.pick([
          '/v1/login/oauth/refresh_token',
          '/v1/login/oauth/refresh_token',
          '/v1/login/mfa/verify',
        ]);
        const request: Hostile = { listener: 'access', method: 'POST', path, body, expected: [400, 401, 403, 429] };
        return path.endsWith('verify')
          ? {
              ...request,
              body: {
                mfaToken: refreshToken,
                mfaType: 'app',
                passcode: String(100_000 + random.below(900_000)),
                clientId,
              },
            }
          : request;
      },
    },
  ];
}
