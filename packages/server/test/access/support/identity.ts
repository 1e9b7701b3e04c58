import { expect } from 'vitest';
import { createAccessInstallation } from './access-installation.js';
import { logIn, personToken, seedTenant, startAccess, type TestTenant } from './access-manager.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Of every user that `newUser` makes. */
export const password = 'Another horse 8 battery';

/** An Access Manager with two tenants, their administrators' tokens, and what these do most. */
export async function openIdentity() {
  const installation = await createAccessInstallation();
  const access = await startAccess(installation);
  const a = await seedTenant(access, 'acme');
  const b = await seedTenant(access, 'bolt');
  const tokenA = await personToken(access, a);
  const tokenB = await personToken(access, b);

  function send(method: Method, url: string, token: string, payload?: object) {
    return access.app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${token}` },
      ...(payload !== undefined && { payload }),
    });
  }

  let count = 0;
  async function newUser(token: string, changes: object = {}) {
    count += 1;
    const answer = await send('POST', '/v1/users', token, {
      email: `u${count}@example.com`,
      firstName: 'Ana',
      lastName: 'Lima',
      username: `u${count}`,
      password,
      ...changes,
    });
    expect(answer.statusCode, answer.body).toBe(201);
    return answer.json() as { id: string; username: string; groups: string[] };
  }

  async function newApplication(token: string, changes: object = {}) {
    const answer = await send('POST', '/v1/applications', token, { name: 'midaz', description: 'robot', ...changes });
    expect(answer.statusCode, answer.body).toBe(201);
    return answer.json() as { id: string; clientId: string; clientSecret: string; role: string };
  }

  const loginOf = (tenant: TestTenant, username: string, secret = password) =>
    logIn(access, { grantType: 'password', username, password: secret, clientId: tenant.clientId });
  const machineLogin = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }, address?: string) =>
    logIn(access, { grantType: 'client_credentials', clientId, clientSecret }, address);

  async function auditOf(token: string, query = '') {
    return (await send('GET', `/v1/audit-events?limit=100${query}`, token)).json().items as Record<string, string>[];
  }

  async function close() {
    await access.close();
    await installation.drop();
  }

  return { access, a, b, tokenA, tokenB, send, newUser, newApplication, loginOf, machineLogin, auditOf, close };
}
