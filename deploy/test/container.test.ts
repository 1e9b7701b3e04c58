import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { tool } from './tool.js';

const models = ['single-tenant', 'multi-tenant', 'saas'];

test('the container file has nothing that hadolint minds, and does not run as root', async () => {
  await tool('hadolint', 'deploy/container/Dockerfile');
  const text = readFileSync('deploy/container/Dockerfile', 'utf8');
  expect(text.lastIndexOf('USER 10001:10001')).toBeGreaterThan(text.lastIndexOf('\nFROM '));
});

test.each(models)('the compose file of %s follows the Compose Specification', async (model) => {
  await tool('check-jsonschema', '--builtin-schema', 'vendor.compose-spec', `deploy/compose/${model}.yaml`);
});

test.each(models)(
  'in %s everything of ours is read-only, without capabilities, and no secret is written down',
  (model) => {
    const text = readFileSync(`deploy/compose/${model}.yaml`, 'utf8');
    const { services } = parse(text, { merge: true }) as {
      services: Record<string, { image: string; environment?: Record<string, string>; [setting: string]: unknown }>;
    };
    const ours = Object.values(services).filter(({ image }) => image.startsWith('cofferdam:'));
    expect(ours.length).toBeGreaterThan(1);
    for (const service of ours) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    }
    for (const { environment = {} } of Object.values(services))
      for (const [name, value] of Object.entries(environment))
        if (/PASSWORD|KEY|_URL/.test(name)) expect(value, name).toMatch(/\$\{[A-Z_]+(:\?|:-\})/);
  },
);

test.each([
  ['multi-tenant', ['postgres']],
  ['saas', ['postgres-a', 'postgres-b']],
])('in %s a tenant can be moved: the servers keep what logical replication reads', (model, servers) => {
  const { services } = parse(readFileSync(`deploy/compose/${model}.yaml`, 'utf8'), { merge: true }) as {
    services: Record<string, { command?: string[] }>;
  };
  for (const server of servers) expect(services[server]?.command).toContain('wal_level=logical');
});

test('in the SaaS model a second server can be added: outside of ENV_NAME=local none is without TLS', () => {
  const text = readFileSync('deploy/compose/saas.yaml', 'utf8');
  const { services } = parse(text, { merge: true }) as {
    services: Record<string, { command?: string[]; environment?: Record<string, string> }>;
  };
  expect(services['operators']?.environment).toMatchObject({ ENV_NAME: 'production' });
  for (const server of ['postgres-a', 'postgres-b']) expect(services[server]?.command).toContain('ssl=on');
  expect(text).not.toContain('sslmode=disable');
  expect(text).toContain("SERVER_URL='postgres://postgres:…@postgres-b:5432/postgres?sslmode=require'");
});

test('in the SaaS model only the operators’ process and the migration hold an administrative login and the master key', () => {
  const { services } = parse(readFileSync('deploy/compose/saas.yaml', 'utf8'), { merge: true }) as {
    services: Record<string, { environment?: Record<string, string> }>;
  };
  const holders = Object.entries(services).filter(([, { environment }]) => environment?.['DATABASE_URL']);
  const administrators = ['logins', 'migrate', 'operators'];
  expect(holders.map(([name]) => name).sort()).toEqual(administrators);
  const masters = Object.entries(services).filter(([, { environment }]) => environment?.['TENANT_MANAGER_API_KEY']);
  expect(masters.map(([name]) => name).sort()).toEqual(administrators);
});
