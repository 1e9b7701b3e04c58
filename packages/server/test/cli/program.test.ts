import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { everyCommand, loadProgram } from '../../src/cli/main.js';
import { variables } from '../../src/config.js';
import { takeOwnership } from '../../src/postgres/embedded/owner-lock.js';
import { runInProcess } from '../support/in-process.js';
import { run, temporaryDataFolder } from '../support/program.js';

const named = [
  ['serve'],
  ['demo'],
  ['tenants'],
  ...['create', 'adopt', 'list', 'get', 'suspend', 'reactivate', 'delete'].map((name) => ['tenants', name]),
  ...['update', 'rotate', 'settings', 'associations', 'operations', 'audit'].map((name) => ['tenants', name]),
  ['servers'],
  ...['add', 'list', 'drain', 'reopen', 'update', 'remove'].map((name) => ['servers', name]),
  ['keys'],
  ['keys', 'list'],
  ['keys', 'rotate'],
  ['migrate'],
  ['doctor'],
  ['logins'],
  ['backup'],
  ...['keygen', 'create', 'verify', 'restore'].map((name) => ['backup', name]),
  ['books'],
  ['books', 'export'],
  ['books', 'import'],
  ['access', 'bootstrap'],
];

/** What `--help` prints, without a process of its own. */
async function helpOf(words: readonly string[]): Promise<string> {
  const program = await loadProgram(words);
  let printed = '';
  for (const command of everyCommand(program)) command.configureOutput({ writeOut: (text) => (printed += text) });
  const answered = program.parseAsync([...words, '--help'], { from: 'user' });
  await expect(answered).rejects.toMatchObject({ code: 'commander.helpDisplayed', exitCode: 0 });
  return printed;
}

const tree = everyCommand(await loadProgram(named.map(([name]) => name as string)));
const pathOf = (command: Command): string[] =>
  command.parent === null ? [] : [...pathOf(command.parent), command.name()];
const commands = tree.map(pathOf).filter((words) => words.length > 0);

test('the program knows the commands that are promised', async () => {
  expect(commands).toEqual(expect.arrayContaining(named));
  // As a process: the same text, and nothing else.
  expect(await run(['doctor', '--help'])).toEqual({ code: 0, stdout: await helpOf(['doctor']), stderr: '' });
  expect(await run(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) });
});

test.each(commands.map((words) => [words.join(' '), words] as const))(
  '%s --help tells what it does and which variables it uses',
  async (name, words) => {
    const help = await helpOf(words);
    expect(help).toMatch(new RegExp(`^Usage: cofferdam ${name} `));
    const listed = help.split('\n').flatMap((line) => /^ {2}([A-Z_]{4,}) /.exec(line)?.[1] ?? []);
    if (name === 'serve') expect(listed).toEqual(Object.keys(variables));
    else expect(listed.length).toBeLessThan(10);
  },
);

test('what an operator can mend is one sentence, without a stack', async () => {
  const folder = temporaryDataFolder();
  const lock = await takeOwnership(join(folder.path, 'postgres'));
  try {
    const inUse = await run(['doctor'], { environment: { COFFERDAM_DATA_DIR: folder.path } });
    expect(inUse.code).toBe(1);
    expect(inUse.stderr).toMatch(/^cofferdam: the data folder .* belongs to a running cofferdam, process \d+\./m);
    const badUrl = await runInProcess(['doctor'], {
      environment: { DATABASE_URL: 'postgres://u:50%@localhost/x', COFFERDAM_ENCRYPTION_KEY: `${'A'.repeat(43)}=` },
    });
    expect(badUrl.stderr).toMatch(/^cofferdam: the database URL is not a URL;/m);
    for (const { stderr } of [inUse, badUrl]) expect(stderr).not.toMatch(/^ +at |Error:/m);
  } finally {
    lock.release();
    folder.remove();
  }
});

test.each([
  [
    'multi-tenant without authentication',
    { MULTI_TENANT_ENABLED: 'true', PLUGIN_AUTH_ENABLED: 'false' },
    /PLUGIN_AUTH_ENABLED is false/,
  ],
  [
    'an empty address of the Access Manager',
    { PLUGIN_AUTH_ENABLED: 'true', PLUGIN_AUTH_ADDRESS: '' },
    /PLUGIN_AUTH_ADDRESS is empty/,
  ],
  [
    'DATABASE_URL without a key',
    { DATABASE_URL: 'postgres://u:hunter2@localhost/x' },
    /COFFERDAM_ENCRYPTION_KEY is missing/,
  ],
])('refuses to start: %s', async (_what, environment, message) => {
  const { code, stderr, stdout } = await runInProcess(['serve'], { environment });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stdout + stderr).not.toContain('hunter2');
  expect(stderr).not.toMatch(/ {4}at /);
});

test('an unknown command, option or part is refused with the way out', async () => {
  expect(await run(['fly'])).toMatchObject({ code: 2, stderr: expect.stringContaining('unknown command') });
  expect(await runInProcess(['serve', '--fast'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('unknown option'),
  });
  expect(await runInProcess(['serve', '--parts', 'crm'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('ledger, access or tenants'),
  });
});

test('tenants, keys: no server answers, or no key is known; no folder is made on the way', async () => {
  const folder = temporaryDataFolder();
  const COFFERDAM_DATA_DIR = folder.path;
  try {
    const { code, stderr } = await runInProcess(['tenants', 'list', '--url', 'http://127.0.0.1:9'], {
      environment: { TENANT_MANAGER_API_KEY: 'k'.repeat(20), COFFERDAM_DATA_DIR },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/no Tenant Manager answers at http:\/\/127\.0\.0\.1:9/);
    for (const [words, variable] of [
      [['tenants', 'list'], 'TENANT_MANAGER_API_KEY'],
      [['keys', 'list'], 'COFFERDAM_ENCRYPTION_KEY'],
    ] as const) {
      const unknown = await runInProcess(words, { environment: { COFFERDAM_DATA_DIR } });
      expect(unknown.code).toBe(2);
      expect(unknown.stderr).toMatch(
        new RegExp(`^cofferdam: .* cannot be read \\(ENOENT\\): .* or give ${variable}\\.$`, 'm'),
      );
    }
    expect(existsSync(folder.path)).toBe(false);
  } finally {
    folder.remove();
  }
});
