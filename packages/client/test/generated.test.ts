import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isCurrent, operationTable } from '../../../scripts/client-source.js';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const document = JSON.parse(read('../../openapi/openapi.json'));
const types = read('src/generated/schema.ts');

test('the types were made from the committed document, and nobody edited them: npm run client:generate', () => {
  expect(isCurrent(document, types)).toBe(true);
  expect(types.length).toBeLessThan(300_000);
});

test('a changed document, an edited file: both are noticed', () => {
  const changed = structuredClone(document);
  changed.components.schemas.Account.properties.name = { type: 'integer' };
  expect(isCurrent(changed, types)).toBe(false);
  expect(isCurrent(document, types.replace('name: string', 'name: number'))).toBe(false);
});

test('the table of operations is that of the document: npm run client:generate', () => {
  expect(read('src/generated/operations.ts')).toBe(operationTable(document));
});
