import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectionSettings, toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { connectionOf } from '../support/embedded-connection.js';
import { runInProcess } from '../support/in-process.js';
import { Program, temporaryDataFolder } from '../support/program.js';
import { call } from '../support/server.js';

/** docs/runbooks/backup-and-restore.md and leave.md, command by command, beside a single-tenant server that serves. */
interface Installation {
  readonly server: Program;
  readonly ledger: string;
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

async function install(legalName: string): Promise<Installation> {
  const data = temporaryDataFolder();
  const server = new Program(['serve'], { environment: { COFFERDAM_DATA_DIR: data.path } });
  const { ledger } = await server.serving();
  const made = await call(ledger, 'POST', '/v1/organizations', { body: { legalName, legalDocument: '1' } });
  expect(made.status).toBe(201);
  const environment = {
    DATABASE_URL: toDatabaseUrl(connectionSettings(connectionOf(join(data.path, 'postgres')))),
    COFFERDAM_ENCRYPTION_KEY: readFileSync(join(data.path, 'encryption-key'), 'utf8').trim(),
    COFFERDAM_DATA_DIR: join(data.path, 'of-commands'),
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    data.remove();
  };
  return { server, ledger, environment, stop };
}

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-runbook-'));
const at = (...names: string[]): string => join(folder, ...names);
let ours: Installation;
let theirs: Installation;
let recipient: string;
beforeAll(async () => {
  [ours, theirs] = await Promise.all([install('Ours'), install('Theirs')]);
  recipient = (await said(ours, 'backup', 'keygen', '--to', at('identity.txt'))).trim();
}, 60_000);
afterAll(async () => {
  await ours?.stop();
  await theirs?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const command = ({ environment }: Installation, ...words: string[]) => runInProcess(words, { environment });

async function said(installation: Installation, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await command(installation, ...words);
  expect(code, stderr).toBe(0);
  return stdout;
}

/** One sentence, no stack, and the exit code that the runbook promises. */
async function refused(installation: Installation, code: number, message: RegExp, ...words: string[]): Promise<void> {
  const answer = await command(installation, ...words);
  expect(answer.stderr, words.join(' ')).toMatch(message);
  expect(answer.code, words.join(' ')).toBe(code);
  expect(answer.stderr).not.toMatch(/^ +at |^[A-Za-z]*Error:/m);
  expect(answer.stdout).toBe('');
}

const names = async ({ ledger }: Installation): Promise<string[]> =>
  (await call(ledger, 'GET', '/v1/organizations')).body.items.map((item: { legalName: string }) => item.legalName);

test('backup, verify, restore: the books of one moment, back in their place, while the server runs', async () => {
  const label = JSON.parse(
    await said(ours, 'backup', 'create', '--to', at('backup'), '--recipient', recipient, '--json'),
  );
  expect(label.tenant.id).toMatch(/^single-[0-9a-f]{16}$/);
  expect(await said(ours, 'backup', 'verify', '--from', at('backup'))).toContain(label.tenant.id);
  const later = { legalName: 'Later', legalDocument: '2' };
  expect((await call(ours.ledger, 'POST', '/v1/organizations', { body: later })).status).toBe(201);
  const restore = ['backup', 'restore', '--from', at('backup'), '--identity', at('identity.txt')];
  await refused(ours, 1, /not empty/, ...restore);
  expect(await names(ours)).toHaveLength(2);
  await said(ours, ...restore, '--replace');
  expect(await names(ours)).toEqual(['Ours']);
});

test('the backup of another single-tenant installation is refused', async () => {
  await said(theirs, 'backup', 'create', '--to', at('of-others'), '--recipient', recipient);
  const restore = ['backup', 'restore', '--from', at('of-others'), '--identity', at('identity.txt')];
  await refused(ours, 1, /is of tenant single-[0-9a-f]{16}, not of single-/, ...restore, '--replace');
  await refused(ours, 1, /not empty/, ...restore, '--as-new');
  expect(await names(ours)).toEqual(['Ours']);
});

test('a key file of age-keygen, with its comments, is one', async () => {
  writeFileSync(at('commented.txt'), `# created: 2026-11-24\n# public key: ${recipient}\n`);
  writeFileSync(at('commented.txt'), readFileSync(at('identity.txt')), { flag: 'a' });
  const from = ['--from', at('backup'), '--identity', at('commented.txt'), '--replace'];
  await said(ours, 'backup', 'restore', ...from);
});

test('whatever is wrong is one sentence, and changes nothing', async () => {
  await said(ours, 'books', 'export', '--to', at('csv'));
  await said(ours, 'books', 'export', '--to', at('parquet'), '--format', 'parquet');
  const copyOf = (name: string, copy: string): string => {
    mkdirSync(at(copy));
    for (const file of readdirSync(at(name))) copyFileSync(at(name, file), at(copy, file));
    return at(copy);
  };
  const identity = ['--identity', at('identity.txt')];
  await refused(ours, 1, /exists/, 'backup', 'keygen', '--to', at('identity.txt'));
  await refused(ours, 1, /complete already/, 'books', 'export', '--to', at('csv'));
  // Its own books are there already; those of others are not.
  await said(ours, 'books', 'import', '--from', at('csv'));
  await said(theirs, 'books', 'export', '--to', at('theirs'));
  await refused(ours, 1, /not empty/, 'books', 'import', '--from', at('theirs'));
  await refused(ours, 1, /manifest\.json/, 'books', 'import', '--from', at('nowhere'));
  await refused(ours, 1, /manifest\.json/, 'books', 'import', '--from', at('backup'));
  await refused(ours, 1, /label\.json is missing/, 'backup', 'verify', '--from', at('csv'));
  await refused(ours, 1, /identity\.txt/, 'books', 'export', '--to', at('identity.txt'));
  await refused(ours, 2, /--tenant/, 'books', 'export', '--to', at('x'), '--tenant', '0'.repeat(32));
  await refused(ours, 2, /format/, 'books', 'export', '--to', at('x'), '--format', 'xml');
  const altered = `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`;
  await refused(ours, 2, /every letter/, 'backup', 'create', '--to', at('x'), '--recipient', altered);
  await refused(ours, 2, /recipient/, 'backup', 'create', '--to', at('x'));
  writeFileSync(at('no-key.txt'), 'AGE-SECRET-KEY-1QQQ\n');
  const restore = ['backup', 'restore', '--from', at('backup')];
  await refused(ours, 1, /does not hold one key/, ...restore, '--identity', at('no-key.txt'), '--replace');
  await said(ours, 'backup', 'keygen', '--to', at('other.txt'));
  await refused(ours, 1, /cannot be opened/, ...restore, '--identity', at('other.txt'), '--replace');

  // An empty label would name no file to compare.
  const emptied = copyOf('backup', 'emptied');
  const label = JSON.parse(readFileSync(join(emptied, 'label.json'), 'utf8'));
  writeFileSync(join(emptied, 'label.json'), JSON.stringify({ ...label, files: [] }));
  await refused(ours, 1, /not the label/, 'backup', 'verify', '--from', emptied);
  const cut = copyOf('backup', 'cut');
  const file = readFileSync(join(cut, 'organization.csv.gz.age'));
  writeFileSync(join(cut, 'organization.csv.gz.age'), file.subarray(0, file.length >> 1));
  await refused(ours, 1, /organization/, 'backup', 'verify', '--from', cut);
  await refused(ours, 1, /organization/, 'backup', 'restore', '--from', cut, ...identity, '--replace');
  expect(await names(ours)).toEqual(['Ours']);
});
