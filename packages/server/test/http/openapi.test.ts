import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { registerOpenApi } from '../../src/http/openapi.js';
import { buildOpenApiDocument } from '../../src/http/openapi-document.js';
import { SharedSchemas } from '../../src/http/openapi-schema.js';
import { defineRoute } from '../../src/http/route.js';
import { DecimalInput, Metadata, Nullable, StatusInput, shownWords, Text, Uuid } from '../../src/http/schemas.js';
import { listenerWith } from './support.js';

const routes = [
  defineRoute<unknown>({
    method: 'POST',
    url: '/v1/organizations/:organization_id/accounts/:alias',
    textParams: ['alias'],
    guard: { permission: { resource: 'accounts', action: 'post' } },
    operationId: 'createAccount',
    tag: 'Accounts',
    summary: 'Create an account',
    query: Type.Object({
      limit: Type.Optional(Type.Integer({ description: 'How many.' })),
      'metadata.{key}': Type.Optional(Type.String({ description: 'Of one key.' })),
    }),
    body: Type.Object(
      {
        name: Text(256),
        value: Nullable(DecimalInput()),
        parentId: Type.Optional(Nullable(Uuid())),
        status: Type.Optional(StatusInput()),
        kind: Type.Optional(Text(10, shownWords(['a', 'b']))),
        metadata: Type.Optional(Metadata()),
      },
      { additionalProperties: false },
    ) as never,
    requestExample: { name: 'Cash', value: '1.50' },
    success: { status: 201, description: 'Made.', example: { id: 'x' }, headers: { 'X-Made': 'When.' } },
    errors: ['alias_unavailability', 'asset_code_not_found', 'entity_not_found'],
    handler: async () => ({ status: 201 }),
  }),
  defineRoute<unknown>({
    method: 'HEAD',
    url: '/v1/organizations/metrics/count',
    guard: { permission: { resource: 'organizations', action: 'head' } },
    operationId: 'countOrganizations',
    tag: 'Organizations',
    summary: 'Count organizations',
    success: { status: 204, description: 'Counted.' },
    errors: [],
    handler: async () => ({ status: 204 }),
  }),
];

// biome-ignore lint/suspicious/noExplicitAny: a document is walked by names
function build(authEnabled: boolean): any {
  return buildOpenApiDocument({ title: 'T', version: '1', description: 'D', routes: routes as never, authEnabled });
}

describe('the document', () => {
  const document = build(true);
  const operation = document.paths['/v1/organizations/{organization_id}/accounts/{alias}'].post;
  const follow = ({ $ref }: { $ref: string }) =>
    $ref
      .split('/')
      .slice(1)
      // biome-ignore lint/suspicious/noExplicitAny: a walk through a document
      .reduce((value: any, key) => value[key], document);

  it('describes parameters', () => {
    expect(operation.parameters.map(follow)).toEqual([
      { name: 'organization_id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
      { name: 'alias', in: 'path', required: true, schema: { type: 'string', minLength: 1 } },
      { name: 'limit', in: 'query', required: false, description: 'How many.', schema: { type: 'integer' } },
      {
        name: 'metadata',
        in: 'query',
        required: false,
        description: 'Of one key.',
        style: 'form',
        explode: true,
        schema: {
          type: 'object',
          maxProperties: 1,
          patternProperties: { '^metadata\\..': { type: 'string' } },
          additionalProperties: false,
        },
        example: { 'metadata.color': 'blue' },
      },
      expect.objectContaining({ name: 'X-Request-Id', in: 'header' }),
    ]);
  });

  it('describes bodies without our own keywords', () => {
    const { schema: reference, example } = operation.requestBody.content['application/json'];
    expect(reference).toEqual({ $ref: '#/components/schemas/CreateAccountBody' });
    const schema = follow(reference);
    expect(JSON.stringify(document)).not.toContain('"x-');
    expect(schema.properties.value).toEqual({ anyOf: [{ $ref: '#/components/schemas/Decimal' }, { type: 'null' }] });
    expect(follow(schema.properties.value.anyOf[0]).type).toEqual(['string', 'number']);
    expect(schema.properties.status).toEqual({ $ref: '#/components/schemas/StatusInput' });
    expect(schema.properties.kind).toEqual({ type: 'string', maxLength: 10, enum: ['a', 'b'] });
    expect(schema.properties.parentId).toMatchObject({ type: ['string', 'null'], format: 'uuid' });
    expect(schema.required).toEqual(['name', 'value']);
    expect(example).toEqual({ name: 'Cash', value: '1.50' });
  });

  it('groups refusals by status, naming their codes', () => {
    expect(Object.keys(operation.responses)).toEqual([
      '201',
      '400',
      '401',
      '403',
      '404',
      '409',
      '413',
      '422',
      '429',
      '500',
      '503',
    ]);
    const response = (status: string) => follow(operation.responses[status]);
    expect(response('404').description).toBe(
      'Not Found: `0160` Tenant Not Found, `0034` Asset Code Not Found, `0007` Entity Not Found',
    );
    const { examples } = response('409').content['application/problem+json'];
    expect(follow(examples.alias_unavailability_409).value).toMatchObject({ code: '0020', status: 409 });
    const internal = response('500').content['application/problem+json'].examples.internal_server_500;
    expect(follow(internal).value.detail).toBe('internal error');
  });

  it('gives answers to HEAD no body', () => {
    const { paths, components } = build(true);
    const { responses } = paths['/v1/organizations/metrics/count'].head;
    for (const { $ref } of Object.values<{ $ref?: string }>(responses))
      if ($ref)
        expect(JSON.stringify(components.responses[$ref.split('/').at(-1) as string])).not.toContain('"content"');
    expect(JSON.stringify(responses)).not.toContain('"content"');
  });

  it('takes a title for one schema only', () => {
    const shared = new SharedSchemas();
    const refer = () => shared.show(Type.Object({ name: Type.String() }, { title: 'Thing' }));
    expect(refer()).toEqual(refer());
    expect(() => shared.show(Type.Object({ name: Type.Integer() }, { title: 'Thing' }))).toThrow('"Thing"');
    expect(shared.components).toEqual({
      Thing: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
    });
  });

  it('is the same with auth on and off, but for security', () => {
    const strip = (document: ReturnType<typeof build>) => {
      delete document.components.securitySchemes;
      for (const path of Object.values<Record<string, Record<string, unknown>>>(document.paths)) {
        for (const each of Object.values(path)) delete each['security'];
      }
      return document;
    };
    expect(operation.security).toEqual([{ accessToken: [] }]);
    expect(JSON.stringify(build(false))).not.toMatch(/"security/);
    expect(strip(build(true))).toEqual(build(false));
  });
});

describe('the pages', () => {
  const app = listenerWith(routes as never);
  registerOpenApi(app, { title: 'T', version: '1', description: 'D', routes: routes as never, authEnabled: true });

  it('give the document, itself included', async () => {
    const answer = await app.inject('/openapi.json');
    expect(answer.statusCode).toBe(200);
    expect(Object.keys(answer.json().paths)).toContain('/openapi.json');
    expect((await app.inject({ method: 'POST', url: '/openapi.json' })).statusCode).toBe(405);
  });

  it('are whole without any other server', async () => {
    const page = await app.inject('/docs/');
    expect(page.statusCode).toBe(200);
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      expect(file).not.toMatch(/^(?:https?:)?\/\//);
      expect((await app.inject(new URL(file, 'http://x/docs/').pathname)).statusCode, file).toBe(200);
    }
  });

  it('may run their own scripts, and only those', async () => {
    const page = await app.inject('/docs/');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect(page.body).not.toMatch(/<script(?![^>]*src=)/);
    expect((await app.inject('/openapi.json')).headers['content-security-policy']).toContain("default-src 'none'");
  });
});
