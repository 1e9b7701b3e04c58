import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { openApiText } from '../../../../scripts/openapi-text.js';
import { document, faultsOf, follow, type Media, operations } from './support/document.js';

test('it is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

test('a broken document would be noticed', async () => {
  const broken = structuredClone(document) as { paths: Record<string, unknown> };
  broken.paths['/v1/broken'] = { get: { responses: { 200: {} } } };
  expect((await new Validator().validate(broken)).valid).toBe(false);
});

test('it is small, and written as the script writes it', () => {
  const text = readFileSync(new URL('../../../../openapi/openapi.json', import.meta.url), 'utf8');
  expect(text).toBe(openApiText(document));
  expect(text.length).toBeLessThan(600_000);
});

test('every reference leads somewhere, and nothing is kept that nobody refers to', () => {
  const text = JSON.stringify(document);
  const references = [...new Set([...text.matchAll(/"\$ref":"(#[^"]+)"/g)].map((match) => match[1] as string))];
  for (const $ref of references) expect(follow({ $ref }), $ref).toBeDefined();
  const { securitySchemes: _, ...components } = document['components'] as Record<string, object>;
  const kept = Object.entries(components).flatMap(([kind, all]) =>
    Object.keys(all).map((name) => `#/components/${kind}/${name}`),
  );
  expect(kept.filter((name) => !references.includes(name))).toEqual([]);
});

test('an operation id names one operation', () => {
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  expect(operations.length).toBeGreaterThan(110);
});

test.each(operations.map((operation) => [operation.operationId, operation] as const))(
  '%s says what it takes and answers, with examples that its schemas accept',
  (_, { responses, requestBody, method, summary, tags, parameters, path }) => {
    expect(summary).toMatch(/^[A-Z].{5,}/);
    expect(tags).toHaveLength(1);
    expect(new Set(parameters.map((one) => `${one.in} ${one.name}`)).size).toBe(parameters.length);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(parameters.filter((one) => one.in === 'path').map((one) => one.name)).toEqual(inPath);
    for (const media of Object.values(requestBody?.content ?? {})) expect(media.example).toBeDefined();
    holdExamples(requestBody?.content ?? {});
    for (const [status, { description, headers, content = {} }] of Object.entries(responses)) {
      expect(description.length).toBeGreaterThan(4);
      expect(Object.keys(headers ?? {})).toContain('X-Request-Id');
      holdExamples(content);
      if (method === 'HEAD' || status === '204') continue;
      expect(Object.keys(content)).not.toEqual([]);
      if (path !== '/openapi.json') expect(JSON.stringify(content), status).toContain('"example');
    }
    expect(Object.keys(responses).filter((status) => status < '300')).toHaveLength(1);
    expect(Object.keys(responses)).toContain('500');
  },
);

function holdExamples(content: Readonly<Record<string, Media>>): void {
  for (const { schema, example, examples = {} } of Object.values(content)) {
    if (schema === undefined) throw new Error('a body without schema');
    for (const value of Object.values(examples)) expect(faultsOf(schema, follow(value).value)).toBeUndefined();
    if (example !== undefined) expect(faultsOf(schema, example)).toBeUndefined();
  }
}
