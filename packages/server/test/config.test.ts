import { describe, expect, test } from 'vitest';
import { ConfigError, doubtsAbout, readConfig, readParts } from '../src/config.js';

const key = Buffer.alloc(32, 7).toString('base64');

describe('readConfig', () => {
  test('nothing set: single-tenant, no authentication, embedded database, the ports of the contract', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      multiTenant: false,
      authEnabled: false,
      databaseUrl: undefined,
      ports: { ledger: 3002, access: 4000, tenants: 4003 },
      defaultIsolation: 'database',
      retentionDays: 30,
      implicitIdempotency: true,
      pageLimitMax: 100,
      bindAddress: '127.0.0.1',
      tenantsBindAddress: '127.0.0.1',
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('multi-tenant switches authentication on', () => {
    expect(readConfig({ MULTI_TENANT_ENABLED: 'true' })).toMatchObject({ multiTenant: true, authEnabled: true });
  });

  test.each([
    [{ MULTI_TENANT_ENABLED: 'true', PLUGIN_AUTH_ENABLED: 'false' }, /PLUGIN_AUTH_ENABLED.*set it to true/],
    [{ MULTI_TENANT_ENABLED: 'true', PLUGIN_AUTH_ADDRESS: '' }, /PLUGIN_AUTH_ADDRESS is empty/],
    [{ PLUGIN_AUTH_ENABLED: 'true', PLUGIN_AUTH_ADDRESS: '' }, /PLUGIN_AUTH_ADDRESS is empty/],
    [
      { PLUGIN_AUTH_ENABLED: 'true', PLUGIN_AUTH_ADDRESS: 'http://access.example.com' },
      /https unless the host is loopback/,
    ],
    [{ MULTI_TENANT_ENABLED: 'yes' }, /MULTI_TENANT_ENABLED is "yes": it must be true or false/],
    [{ SERVER_PORT: '70000' }, /SERVER_PORT.*0 to 65535/],
    [{ DATABASE_URL: 'postgres://u:p@h/postgres' }, /COFFERDAM_ENCRYPTION_KEY is missing/],
    [{ DATABASE_URL: 'mysql://u:secret@h/x', COFFERDAM_ENCRYPTION_KEY: key }, /DATABASE_URL must be a PostgreSQL URL/],
    [{ COFFERDAM_ENCRYPTION_KEY: 'short' }, /32 bytes in base64/],
    [{ TENANT_ISOLATION: 'row' }, /database or schema/],
    [{ TENANT_RETENTION_DAYS: '-1' }, /TENANT_RETENTION_DAYS/],
    [{ TRUSTED_PROXIES: '10.0.0.0/8,nonsense' }, /TRUSTED_PROXIES is "nonsense"/],
    [{ BIND_ADDRESS: 'example.com' }, /BIND_ADDRESS/],
    [{ TENANT_MANAGER_API_KEY: 'k' }, /too short/],
    [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL/],
    [{ ENV_NAME: 'Produktion!' }, /ENV_NAME/],
  ])('%j is refused with a sentence that helps', (environment, message) => {
    expect(() => readConfig(environment)).toThrow(ConfigError);
    expect(() => readConfig(environment)).toThrow(message);
  });

  test('no secret is repeated in a refusal', () => {
    expect(() => readConfig({ DATABASE_URL: 'mysql://u:hunter2@h/x', COFFERDAM_ENCRYPTION_KEY: key })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
  });

  test('a ledger that runs without the Access Manager must be told which one to trust', () => {
    const parts = readParts('ledger');
    expect(() => readConfig({ PLUGIN_AUTH_ENABLED: 'true' }, parts)).toThrow(/PLUGIN_AUTH_ADDRESS is missing/);
    expect(
      readConfig({ PLUGIN_AUTH_ENABLED: 'true', PLUGIN_AUTH_ADDRESS: 'https://a.example/' }, parts).authAddress,
    ).toBe('https://a.example');
  });

  test('unknown parts are refused', () => expect(() => readParts('ledger,crm')).toThrow(/--parts is "crm"/));
});

test('what is probably not meant is said at the start', () => {
  const environment = { MULTI_TENANT_URL: 'https://tm', ENV_NAME: 'production' };
  const doubts = doubtsAbout(environment, readConfig(environment));
  expect(doubts).toEqual([expect.stringMatching(/^MULTI_TENANT_URL /), expect.stringMatching(/authentication is off/)]);
  expect(doubtsAbout({}, readConfig({}))).toEqual([]);
});
