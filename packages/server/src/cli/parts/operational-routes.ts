import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { buildInfo, version } from '../version.js';

const guard = { public: 'probed by load balancers and deployment tools' };

export interface Check {
  readonly status: 'up' | 'down' | 'degraded';
  readonly reason?: string;
}

export function healthRoute<Context>(): RouteDefinition<Context> {
  return defineRoute<Context>({
    method: 'GET',
    url: '/health',
    guard,
    operationId: 'getHealth',
    tag: 'Operations',
    summary: 'The process is alive',
    success: {
      status: 200,
      description: 'The text `healthy`',
      mediaType: 'text/plain',
      schema: Type.String(),
      example: 'healthy',
    },
    errors: [],
    handler: async () => ({ status: 200, body: 'healthy', headers: { 'content-type': 'text/plain; charset=utf-8' } }),
  });
}

export function versionRoute<Context>(now: () => Date): RouteDefinition<Context> {
  return defineRoute<Context>({
    method: 'GET',
    url: '/version',
    guard,
    operationId: 'getVersion',
    tag: 'Operations',
    summary: 'Version of the program',
    success: {
      status: 200,
      description: 'Version',
      schema: Type.Object(
        {
          version: Type.String(),
          requestDate: Type.String({ format: 'date-time' }),
          commit: Type.String({ description: 'Empty when unknown.' }),
          buildTime: Type.String({ description: 'Empty when unknown.' }),
          dirty: Type.Boolean({ description: 'Built with changes that were not committed.' }),
        },
        { title: 'Version' },
      ),
      example: {
        version,
        requestDate: '2026-11-24T12:00:00.000Z',
        commit: '0123456789abcdef0123456789abcdef01234567',
        buildTime: '2026-11-20T09:00:00.000Z',
        dirty: false,
      },
    },
    errors: [],
    handler: async () => ({ status: 200, body: { version, requestDate: now().toISOString(), ...buildInfo } }),
  });
}

const ReadinessView = Type.Object(
  {
    status: Type.String({ enum: ['healthy', 'unhealthy'] }),
    checks: Type.Record(
      Type.String(),
      Type.Object({
        status: Type.String({ enum: ['up', 'down', 'degraded'] }),
        reason: Type.Optional(Type.String()),
      }),
    ),
    version: Type.String(),
    deployment_mode: Type.String(),
    reason: Type.Optional(Type.String()),
  },
  { title: 'Readiness' },
);
// The same in every mode: the documents differ by `security` alone.
const readinessExample = {
  status: 'healthy',
  checks: { database: { status: 'up' } },
  version,
  deployment_mode: 'single-tenant',
};

/** 200 only when requests can be served: every check up or degraded, and not draining (contract, "Environment"). */
export function readinessRoute<Context>(
  deploymentMode: string,
  isDraining: () => boolean,
  checks: Readonly<Record<string, () => Promise<Check>>>,
): RouteDefinition<Context> {
  return defineRoute<Context>({
    method: 'GET',
    url: '/readyz',
    guard,
    operationId: 'getReadiness',
    tag: 'Operations',
    summary: 'Requests can be served',
    success: {
      status: 200,
      description: 'Ready',
      schema: ReadinessView,
      example: readinessExample,
    },
    otherAnswers: [
      {
        status: 503,
        description: 'Not ready, or draining',
        headers: { 'Retry-After': 'Seconds' },
        schema: ReadinessView,
        example: { ...readinessExample, status: 'unhealthy', reason: 'draining' },
      },
    ],
    errors: [],
    async handler() {
      const results = await Promise.all(
        Object.entries(checks).map(
          async ([name, check]) => [name, await check().catch((): Check => ({ status: 'down' }))] as const,
        ),
      );
      const healthy = !isDraining() && results.every(([, { status }]) => status !== 'down');
      return {
        status: healthy ? 200 : 503,
        body: {
          status: healthy ? 'healthy' : 'unhealthy',
          checks: Object.fromEntries(results),
          version,
          deployment_mode: deploymentMode,
          ...(isDraining() ? { reason: 'draining' } : {}),
        },
        ...(healthy ? {} : { headers: { 'retry-after': '2' } }),
      };
    },
  });
}
