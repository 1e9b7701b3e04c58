import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer, type TestTenant } from '../support/server.js';

/** What an OpenTelemetry collector was sent, as OTLP says it in JSON. */
interface Sent {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

const spans: Sent[] = [];
let collector: Server;
let server: TestServer;
let tenant: TestTenant;
let token: string;

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    for (const { scopeSpans } of JSON.parse(text).resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  server = await startTestServer({
    MULTI_TENANT_ENABLED: 'true',
    MULTI_TENANT_METRICS_TENANTS: '1',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  });
  tenant = await server.createTenant({ isolation: 'schema' });
  token = await tenant.token();
});
afterAll(async () => {
  await server.stop();
  collector.close();
});

const attribute = (span: Sent | undefined, key: string) =>
  span?.attributes.find((each) => each.key === key)?.value.stringValue;

test('traces: each request of a tenant, and the batch that posted; the caller’s trace goes on, its baggage does not count', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, baggage: 'tenant.id=somebody-else' };
  const made = await server.call('POST', '/v1/organizations', {
    token,
    headers,
    body: { legalName: 'Firm', legalDocument: '1' },
  });
  expect(made.status).toBe(201);
  expect(made.headers.get('traceparent')).toBeNull();
  expect(made.headers.get('baggage')).toBeNull();
  const ledger = await server.call('POST', `/v1/organizations/${made.body.id}/ledgers`, { token, body: { name: 'L' } });
  const path = `/v1/organizations/${made.body.id}/ledgers/${ledger.body.id}`;
  await server.call('POST', `${path}/assets`, { token, body: { name: 'Dollar', type: 'currency', code: 'USD' } });
  const account = { name: 'a', assetCode: 'USD', type: 'deposit', alias: '@a' };
  await server.call('POST', `${path}/accounts`, { token, body: account });
  const amount = { asset: 'USD', value: '5' };
  const inflow = { send: { ...amount, distribute: { to: [{ accountAlias: '@a', amount }] } } };
  expect((await server.call('POST', `${path}/transactions/inflow`, { token, body: inflow })).status).toBe(201);
  // A tenant that a header names is nobody's.
  await server.call('GET', '/v1/organizations', { headers });

  await expect.poll(() => spans.some(({ name }) => name === 'post batch'), { timeout: 15_000 }).toBe(true);
  const request = spans.find((span) => span.traceId === traceId && span.name === 'POST /v1/organizations');
  expect(request?.parentSpanId).toBe('00f067aa0ba902b7');
  expect(attribute(request, 'tenant.id')).toBe(tenant.id.replaceAll('-', ''));
  expect(spans.some((span) => span.traceId === traceId && span.name === 'handle')).toBe(true);
  expect(
    attribute(
      spans.find(({ name }) => name === 'post batch'),
      'tenant.id',
    ),
  ).toBe(tenant.id.replaceAll('-', ''));
  const anonymous = spans.find((span) => span.traceId === traceId && span.name === 'GET /v1/organizations');
  expect(anonymous).toBeDefined();
  expect(attribute(anonymous, 'tenant.id')).toBeUndefined();
  expect(JSON.stringify(spans)).not.toContain('somebody-else');
});

test('metrics: every name that the dashboard asks for is served; tenants beyond the bound share one label', async () => {
  const second = await server.createTenant({ isolation: 'schema' });
  const secondToken = await second.token();
  expect((await server.call('GET', '/v1/organizations', { token: secondToken })).status).toBe(200);
  expect((await server.call('GET', '/metrics', { token })).status).toBe(404);
  const { text } = await server.operate('GET', '/metrics');
  const served = new Set(
    [...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
  const dashboard = readFileSync(new URL('../../../../dashboards/cofferdam.json', import.meta.url), 'utf8');
  const asked = new Set(
    [...dashboard.matchAll(/"expr": "((?:[^"\\]|\\.)*)"/g)].flatMap(([, expression = '']) =>
      [...expression.matchAll(/([a-z][a-z0-9_]*)\{/g)].map(([, name = '']) => name),
    ),
  );
  expect(asked.size).toBeGreaterThan(20);
  expect([...asked].filter((name) => !served.has(name))).toEqual([]);
  // One tenant has a label of its own (MULTI_TENANT_METRICS_TENANTS=1).
  const labels = new Set([...text.matchAll(/tenant_id="([^"]*)"/g)].map(([, label]) => label));
  expect([...labels].filter((label) => label !== 'other' && label !== 'none')).toEqual([tenant.id.replaceAll('-', '')]);
  expect(labels).toContain('other');
});

test('traces: without a collector none of their packages is loaded', () => {
  const source = new URL('../../src/', import.meta.url);
  const users = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && readFileSync(new URL(name, source), 'utf8').includes("'@opentelemetry/"),
  );
  expect(users).toEqual(['cli/open-tracing.ts']);
  const importers = readFileSync(new URL('cli/start-server.ts', source), 'utf8').match(/.*open-tracing.*/g);
  expect(importers).toEqual([expect.stringContaining('await import(')]);
});
