import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configurationDocument } from '../../../../scripts/configuration-doc.ts';
import { errorsDocument } from '../../../../scripts/errors-doc.ts';

const root = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

test('docs/errors.md is what the catalogue says (npm run docs:errors)', () => {
  expect(read('docs/errors.md')).toBe(errorsDocument());
});

describe('docs/request-path.md', () => {
  const rows = [...read('docs/request-path.md').matchAll(/^\| \d+ \| `([^`]+)`/gm)].map((row) => row[1] as string);
  test('has its ten steps', () => expect(rows).toHaveLength(10));
  test.each(rows)('%s exists and exports what its name says', (path) => {
    const file = path.startsWith('core/') ? `packages/${path}` : `packages/server/src/${path}`;
    expect(existsSync(new URL(file, root)), file).toBe(true);
    expect(read(file)).toMatch(/^export /m);
  });
});

test('every relative link in the documents leads somewhere', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(new URL('docs', root)).flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : [])),
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
