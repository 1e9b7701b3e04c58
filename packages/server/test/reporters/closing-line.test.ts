import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const vitest = join(at('../../../../'), 'node_modules/vitest/vitest.mjs');

/** A run of its own, of files in which everything goes wrong that can. */
test('what failed and what passed only at the second try is listed, and the last line counts it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-reporter-'));
  try {
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
    write(
      'sound.test.ts',
      `let tries = 0;
       test('sound', () => {});
       describe('by chance', () => test('once', () => { tries += 1; if (tries === 1) throw new Error('too early\\nmore'); }));`,
    );
    write(
      'faulty.test.ts',
      `test('always', () => expect({ one: 1 }).toEqual({ one: 2 }));
       describe('left untidy', () => { afterAll(() => { throw new Error('not tidied'); }); test('fine', () => {}); });
       describe('never begun', () => { beforeAll(() => { throw new Error('no server'); }); test('alone', () => {}); });`,
    );
    write('unreadable.test.ts', `throw new Error('no such thing');`);
    write('unhandled.test.ts', `test('rejects', () => { Promise.reject(new Error('nobody waits for me')); });`);
    const list = join(folder, 'faults');
    const args = ['run', '--root', folder, '--globals', '--retry', '1', '--reporter', at('./closing-line.ts')];
    const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) =>
      execFile(
        process.execPath,
        [vitest, ...args],
        { env: { PATH: process.env['PATH'], TEST_FAULTS: list } },
        (error, stdout) => resolve({ code: error?.code, output: stdout }),
      ),
    );
    expect(code).toBe(1);
    // Passed: sound, once, fine, rejects and the scan. Failed: always, two hooks, alone, a file, a rejection.
    expect(output.trimEnd().split('\n').at(-1)).toBe('5 passed, 6 failed');
    const told = readFileSync(list, 'utf8');
    for (const expected of [
      /^failed: faulty.test.ts > always\n {4}AssertionError: expected \{ one: 1 \} to deeply equal \{ one: 2 \}\n.*faulty.test.ts:1$/m,
      /^failed: faulty.test.ts > left untidy\n {4}Error: not tidied$/m,
      /^failed: faulty.test.ts > never begun\n {4}Error: no server$/m,
      /^failed: faulty.test.ts > never begun > alone \(skipped: never run\)$/m,
      /^failed: unreadable.test.ts\n {4}Error: no such thing$/m,
      /^failed: unhandled error\n {4}Error: nobody waits for me$/m,
      /^passed at the second try: sound.test.ts > by chance > once \(Error: too early\)$/m,
    ])
      expect(told).toMatch(expected);
    expect(told.match(/^\S.*: /gm)).toHaveLength(7);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
