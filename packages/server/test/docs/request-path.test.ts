import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { Program, temporaryDataFolder } from '../support/program.js';
import { call } from '../support/server.js';

/** Walks docs/request-path.md: what V8 saw called while one transaction was posted must contain every row of the table. */
const root = fileURLToPath(new URL('../../../../', import.meta.url));
const document = readFileSync(`${root}docs/request-path.md`, 'utf8');
const steps = [...document.matchAll(/^\| \d+ \| `([^`]+)` \| `([^`]+)` \|/gm)].map(([, file = '', name = '']) => ({
  file: file.startsWith('core/') ? `packages/core/dist/${file.slice('core/'.length)}` : `packages/server/dist/${file}`,
  name,
}));

/**
 * In a process whose coverage is taken from its first instruction on. Begun in one that has already run other tests, V8 misses
 * what those tests had optimised, or had called before the feedback that it counts in was kept: which functions is chance.
 */
test('a posted transaction passes every step of docs/request-path.md', async () => {
  const coverage = mkdtempSync(join(tmpdir(), 'cofferdam-coverage-'));
  const folder = temporaryDataFolder();
  const apiKey = 'test-operator-key-0123456789';
  const server = new Program(['serve'], {
    environment: {
      NODE_V8_COVERAGE: coverage,
      COFFERDAM_DATA_DIR: folder.path,
      TENANT_MANAGER_API_KEY: apiKey,
      MULTI_TENANT_ENABLED: 'true',
      ACCESS_ISSUER: 'https://access.test',
    },
  });
  try {
    const { ledger, access, tenants } = await server.serving();
    const must = async (...request: Parameters<typeof call>) => {
      const { status, body, text } = await call(...request);
      expect([200, 201], text).toContain(status);
      return body;
    };
    const owner = { email: 'owner@walk.example', password: 'Correct-horse-7-battery' };
    const { application } = await must(tenants, 'POST', '/v1/tenants', {
      headers: { 'x-api-key': apiKey },
      body: { name: 'Walk', slug: 'walk', owner, application: { name: 'walker', role: 'editor' } },
    });
    const { clientId, clientSecret } = application;
    const login = { grantType: 'client_credentials', clientId, clientSecret };
    const { accessToken: token } = await must(access, 'POST', '/v1/login/oauth/access_token', { body: login });
    const post = (path: string, body: object) => must(ledger, 'POST', path, { token, body });
    const organization = await post('/v1/organizations', { legalName: 'Walk', legalDocument: '1' });
    const books = await post(`/v1/organizations/${organization.id}/ledgers`, { name: 'Main' });
    const path = `/v1/organizations/${organization.id}/ledgers/${books.id}`;
    await post(`${path}/assets`, { name: 'US Dollar', type: 'currency', code: 'USD' });
    await post(`${path}/accounts`, { name: 'Alice', assetCode: 'USD', type: 'deposit', alias: '@alice' });
    const leg = (accountAlias: string) => ({ accountAlias, amount: { asset: 'USD', value: '1' } });
    await post(`${path}/transactions/json`, {
      send: { asset: 'USD', value: '1', source: { from: [leg('@external/USD')] }, distribute: { to: [leg('@alice')] } },
    });
    expect((await server.stop()).code).toBe(0);

    const called = calledIn(coverage);
    expect(steps.length).toBeGreaterThan(15);
    for (const { file, name } of steps) expect(called(file), `${file} ${name}`).toContain(name);
  } finally {
    await server.stop();
    folder.remove();
    rmSync(coverage, { recursive: true });
  }
});

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly count: number }[];
  }[];
}

/** The functions of a compiled file that were called, by the reports that Node writes when a process ends. */
function calledIn(folder: string): (file: string) => string[] {
  const scripts = readdirSync(folder).flatMap(
    (name): readonly ScriptCoverage[] => JSON.parse(readFileSync(join(folder, name), 'utf8')).result,
  );
  return (file) => {
    const url = pathToFileURL(join(root, file.replace(/\.ts$/, '.js'))).href;
    return scripts
      .filter((script) => script.url === url)
      .flatMap(({ functions }) => functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0))
      .map(({ functionName }) => functionName);
  };
}
