import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { accessErrorsDocument } from '../../../../scripts/access-errors-doc.ts';
import { configurationDocument } from '../../../../scripts/configuration-doc.ts';
import { errorsDocument } from '../../../../scripts/errors-doc.ts';

const root = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

test('docs/errors.md is what the catalogue says (npm run docs:errors)', () => {
  expect(read('docs/errors.md')).toBe(errorsDocument());
});

test('docs/access-errors.md is what the catalogue of the Access Manager says (npm run docs:errors)', () => {
  expect(read('docs/access-errors.md')).toBe(accessErrorsDocument());
});

test('every relative link in the documents leads somewhere', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(new URL('docs', root), { recursive: true }).flatMap((name) =>
      String(name).endsWith('.md') ? `docs/${name}` : [],
    ),
  ];
  for (const document of documents) {
    for (const [, target] of read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      expect(existsSync(new URL(target as string, new URL(document, root))), `${document} → ${target}`).toBe(true);
    }
  }
});

test('every document that code, scripts and deployment files name is there', () => {
  const folders = ['packages/core/src', 'packages/server/src', 'packages/client/src', 'bench', 'scripts', 'deploy'];
  const files = folders.flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|mjs|sh|ya?ml|tpl|txt)$/.test(entry.name))
      .map((entry) => `${entry.parentPath}/${entry.name}`),
  );
  const named = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([document]) => ({ file, document })),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ document }) => !existsSync(new URL(document, root)))).toEqual([]);
});

test('each ADR has a number of its own', () => {
  const numbers = readdirSync(new URL('docs/adr', root)).map((name) => name.slice(0, 4));
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('docs/configuration.md is what the table of variables says (npm run docs:configuration)', () => {
  expect(read('docs/configuration.md')).toBe(configurationDocument());
});

test('docs/security.md: each threat is tested where it says', () => {
  const rows = [...read('docs/security.md').matchAll(/^\| (X-\d\d) \|.*$/gm)];
  // These wait for events.
  const waiting = ['X-24', 'X-25', 'X-27', 'X-29', 'X-31', 'X-47'];
  const all = Array.from({ length: 48 }, (_, index) => `X-${String(index + 1).padStart(2, '0')}`);
  expect(rows.map(([, number]) => number)).toEqual(all.filter((number) => !waiting.includes(number)));
  for (const [row, number] of rows) {
    const files = [...row.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file]) => file as string);
    expect(files.length, number).toBeGreaterThan(0);
    for (const file of files) expect(read(file), `${number} in ${file}`).toContain(number as string);
  }
});
