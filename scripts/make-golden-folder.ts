import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { pino } from 'pino';
import { startServer } from '../packages/server/src/cli/start-server.ts';
import { readConfig } from '../packages/server/src/config.ts';

/**
 * Makes the golden folder: a data folder as this build leaves it, packed, and the answers that it gave. Later builds must
 * open it and answer the same (test/golden). Run once per release whose folders must stay readable:
 * `npx tsx --conditions=source scripts/make-golden-folder.ts 0.1.0`
 */
const release = process.argv[2];
if (!release) throw new Error('say which release this is, e.g. 0.1.0');
const target = fileURLToPath(new URL(`../packages/server/test/golden/${release}/`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cofferdam-golden-'));
const data = join(folder, 'data');

const config = readConfig({ COFFERDAM_DATA_DIR: data, SERVER_PORT: '0', ACCESS_PORT: '0', TENANTS_PORT: '0' });
const server = await startServer(config, { log: pino({ level: 'warn' }) });
const answers: Record<string, { status: number; body: unknown }> = {};

async function send(method: string, path: string, body?: unknown): Promise<{ id: string }> {
  const response = await fetch(server.urls.ledger + path, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  if (method === 'GET') answers[path] = { status: response.status, body: JSON.parse(text) };
  return text === '' ? { id: '' } : JSON.parse(text);
}

const address = { line1: '1 Rd', zipCode: '1', city: 'X', state: 'NY', country: 'US' };
const organization = await send('POST', '/v1/organizations', {
  legalName: 'Golden',
  legalDocument: '123',
  address,
  metadata: { color: 'blue', size: 1.5 },
});
const o = `/v1/organizations/${organization.id}`;
const ledger = await send('POST', `${o}/ledgers`, { name: 'Main' });
const l = `${o}/ledgers/${ledger.id}`;
await send('POST', `${l}/assets`, { name: 'US Dollar', type: 'currency', code: 'USD' });
const portfolio = await send('POST', `${l}/portfolios`, { name: 'Retail', entityId: 'e-1' });
const segment = await send('POST', `${l}/segments`, { name: 'North' });
const alice = await send('POST', `${l}/accounts`, {
  name: 'Alice',
  assetCode: 'USD',
  type: 'deposit',
  alias: '@alice',
  portfolioId: portfolio.id,
  segmentId: segment.id,
});
await send('POST', `${l}/accounts`, { name: 'Bob', assetCode: 'USD', type: 'deposit', alias: '@bob' });
const leg = (accountAlias: string, value: string): object => ({ accountAlias, amount: { asset: 'USD', value } });
await send('POST', `${l}/transactions/inflow`, {
  send: {
    asset: 'USD',
    value: '1234567890123456789012345678901234567890.12',
    distribute: { to: [leg('@alice', '1234567890123456789012345678901234567890.12')] },
  },
});
const split = await send('POST', `${l}/transactions/json`, {
  description: 'a split',
  metadata: { order: '42' },
  send: {
    asset: 'USD',
    value: '100.10',
    source: { from: [leg('@alice', '100.10')] },
    distribute: {
      to: [
        { accountAlias: '@bob', share: { percentage: 33 } },
        { accountAlias: '@external/USD', remaining: 'remaining' },
      ],
    },
  },
});
const hold = await send('POST', `${l}/transactions/json`, {
  pending: true,
  send: { asset: 'USD', value: '7', source: { from: [leg('@alice', '7')] }, distribute: { to: [leg('@bob', '7')] } },
});

for (const path of [
  '/v1/organizations',
  o,
  `${o}/ledgers`,
  `${l}/settings`,
  `${l}/assets`,
  `${l}/portfolios`,
  `${l}/segments`,
  `${l}/accounts`,
  `${l}/accounts/alias/@alice`,
  `${l}/accounts/external/USD`,
  `${l}/balances?limit=100`,
  `${l}/accounts/${alice.id}/operations?start_date=2020-01-01&end_date=2100-01-01`,
  `${l}/transactions?start_date=2020-01-01&end_date=2100-01-01&sort_order=desc`,
  `${l}/transactions/${split.id}`,
  `${l}/transactions/${hold.id}`,
])
  await send('GET', path);

await server.stop();
mkdirSync(target, { recursive: true });
const commit = `${l}/transactions/${hold.id}/commit`;
writeFileSync(join(target, 'answers.json'), `${JSON.stringify({ answers, commit }, undefined, 2)}\n`);
// Only what a restart needs: logs and the port of last time stay behind.
execFileSync('tar', [
  '--exclude=./postgres/port',
  '--exclude=*.log*',
  '-cf',
  join(folder, 'data.tar'),
  '-C',
  data,
  '.',
]);
const packed = brotliCompressSync(readFileSync(join(folder, 'data.tar')), {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 9,
    [constants.BROTLI_PARAM_LARGE_WINDOW]: 1,
    [constants.BROTLI_PARAM_LGWIN]: 28,
  },
});
writeFileSync(join(target, 'data.tar.br'), packed);
rmSync(folder, { recursive: true, force: true });
console.log(`${target}: ${(packed.length / 1024).toFixed(0)} KiB, ${Object.keys(answers).length} answers`);
