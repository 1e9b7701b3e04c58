import { chownSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { run, temporaryDataFolder } from '../support/program.js';

const folder = temporaryDataFolder();
afterAll(() => folder.remove());

test('demo --once: two tenants, the same books, each refused at the other’s door, and an end by itself', async () => {
  const { code, stdout, stderr } = await run(['demo', '--once'], { environment: { COFFERDAM_DATA_DIR: folder.path } });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('Bank A (database)');
  expect(stdout).toContain('Bank B (schema)');
  expect(stdout.match(/@alice[^\n]*749\.5/g)).toHaveLength(2);
  expect(stdout.match(/byte for byte as for an id that does not exist[^\n]*refused/g)).toHaveLength(2);
  expect(stdout.match(/PostgreSQL 42501[^\n]*refused/g)).toHaveLength(2);
  expect(stdout).not.toContain('LET IN');
  expect(stdout).toMatch(/curl -s http:\/\/[^\n]+\/balances -H "authorization: Bearer \$TOKEN"/);
});

test('a second start finds the data of the first', async () => {
  const { code, stdout } = await run(['demo', '--once'], { environment: { COFFERDAM_DATA_DIR: folder.path } });
  expect(code).toBe(0);
  expect(stdout).toContain('found the tenants and books of an earlier run');
  expect(stdout.match(/@alice[^\n]*1499/g)).toHaveLength(2);
});

test('as an ordinary user', async () => {
  // Started by root it drops to another user; started by an ordinary user it already is one.
  const own = temporaryDataFolder();
  const uid = process.getuid?.() === 0 ? 65534 : undefined;
  if (uid !== undefined) {
    mkdirSync(own.path, { mode: 0o700 });
    chownSync(own.path, uid, uid);
    chownSync(dirname(own.path), uid, uid);
  }
  try {
    const options = { environment: { COFFERDAM_DATA_DIR: own.path }, ...(uid === undefined ? {} : { uid }) };
    const { code, stderr } = await run(['demo', '--once'], options);
    expect(code, stderr).toBe(0);
  } finally {
    own.remove();
  }
});
