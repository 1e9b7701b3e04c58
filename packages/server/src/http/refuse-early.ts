import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { LedgerError } from '@cofferdam/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticate } from './authenticate.js';
import type { RenderError } from './error-handler.js';
import { stringifyJson } from './json.js';
import { commonHeaders, requestIdOf } from './listener.js';
import { isWrite, type QuotaGate } from './quota-gate.js';
import { createThrottle, type Throttle } from './throttle.js';

export interface EarlyRefusalOptions {
  readonly authenticate: Authenticate;
  readonly quotas: QuotaGate;
  readonly renderError: RenderError;
  readonly newRequestId: () => string;
}

interface Rendered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

/**
 * Answers a tenant that has used up its requests before the framework has begun with the request: with a refusal that was
 * rendered once, so that what it sends beyond its quota costs the others as little as may be. Only tokens that were verified
 * before are looked at; whatever is not certain goes the ordinary way, which decides by itself. Whoever goes on sending is
 * slowed down (`throttle.ts`).
 */
export function refuseEarly(app: FastifyInstance, options: EarlyRefusalOptions): Throttle {
  const { authenticate, quotas } = options;
  const rendered = new WeakMap<LedgerError, Map<string, Rendered>>();
  const listeners = app.server.listeners('request') as RequestListener[];
  const throttle = createThrottle({ allowance: quotas.allowance });
  // Before the listener waits for what is under way.
  app.addHook('preClose', async () => throttle.release());

  const render = (refusal: LedgerError, accept: string): Rendered => {
    const known = rendered.get(refusal) ?? new Map<string, Rendered>();
    rendered.set(refusal, known);
    let answer = known.get(accept);
    if (answer === undefined) {
      const { status, headers, body } = options.renderError(refusal, { headers: { accept } } as FastifyRequest);
      const text = stringifyJson(body);
      answer = {
        status,
        body: text,
        headers: { ...commonHeaders, ...headers, 'content-length': Buffer.byteLength(text) },
      };
      // As many as there are ways to write the header would be without bound.
      if (known.size < 20) known.set(accept, answer);
    }
    return answer;
  };

  const refuse = (request: IncomingMessage, response: ServerResponse, refusal: LedgerError): void => {
    const { status, headers, body } = render(refusal, request.headers.accept ?? '');
    response.writeHead(status, { ...headers, 'x-request-id': requestIdOf(request.headers, options.newRequestId) });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    for (const listener of listeners) listener(request, response as never);
  };

  const isThrottled = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (quotas.size === 0 || request.url?.startsWith('/v1/') !== true) return false;
    const tenantId = authenticate.recall?.(request)?.tenantId;
    if (tenantId === undefined) return false;
    const writes = isWrite(request.method);
    const refusal = () => quotas.exhausted(tenantId, writes);
    if (!throttle.isWaiting(tenantId) && refusal() === undefined) return false;
    throttle.add(tenantId, {
      response,
      refusal,
      serve: () => serve(request, response),
      refuse: (error) => {
        quotas.refused(tenantId, error);
        refuse(request, response, error);
      },
    });
    return true;
  };

  app.server.removeAllListeners('request');
  app.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!isThrottled(request, response)) serve(request, response);
  });
  return throttle;
}
