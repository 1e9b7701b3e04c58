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
