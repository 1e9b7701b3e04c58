import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, constants } from 'node:zlib';
import { expect, test } from 'vitest';
import { Program, temporaryDataFolder } from '../support/program.js';
import { call } from '../support/server.js';

const releases = readdirSync(new URL('.', import.meta.url), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? entry.name : [],
);

test('there is a golden folder', () => expect(releases).toContain('0.1.0'));

/** Folders are made by scripts/make-golden-folder.ts; the data format of PostgreSQL 18 fits 64-bit little-endian machines. */
test.each(releases)('the data folder of release %s is opened and gives the same answers', async (release) => {
  const golden = new URL(`${release}/`, import.meta.url);
  const { answers, commit } = JSON.parse(readFileSync(new URL('answers.json', golden), 'utf8'));
  const folder = temporaryDataFolder();
  mkdirSync(folder.path, { mode: 0o700 });
  const tar = join(folder.path, '..', 'data.tar');
  const params = { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 1 };
  writeFileSync(tar, brotliDecompressSync(readFileSync(new URL('data.tar.br', golden)), { params }));
  execFileSync('tar', ['--no-same-owner', '-xpf', tar, '-C', folder.path]);
  const server = new Program(['serve'], { environment: { COFFERDAM_DATA_DIR: folder.path } });
  try {
    const { ledger } = await server.serving();
    for (const [path, expected] of Object.entries(answers)) {
      const { status, body } = await call(ledger, 'GET', path);
      expect({ path, status, body }).toEqual({ path, ...(expected as object) });
    }
    // And it can be written on: what was held is carried out.
    expect((await call(ledger, 'POST', commit)).status).toBe(201);
  } finally {
    await server.stop();
    folder.remove();
  }
});
