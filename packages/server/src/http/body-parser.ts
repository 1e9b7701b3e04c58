import { isUtf8 } from 'node:buffer';
import { LedgerError } from '@cofferdam/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseForm } from './form.js';
import { parseJson } from './json.js';
import { parseMultipart } from './multipart.js';

const jsonType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/**
 * Bodies are JSON or nothing. A route that takes no body ignores whatever is sent (older clients send
 * `Content-Type: application/json` without a body on DELETE and commit, ledger-api §15.1 row 6).
 */
export function installBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request: FastifyRequest, raw: Buffer, done) => {
    request.bodyBytes = raw.length;
    if (request.routeOptions.config.bodyType === 'multipart' && raw.length > 0) {
      parseMultipart(request.headers['content-type'] ?? '', raw).then((form) => done(null, form), done);
      return;
    }
    try {
      done(null, decode(request, raw));
    } catch (error) {
      done(error as Error);
    }
  });
}

function decode(request: FastifyRequest, raw: Buffer): unknown {
  if (request.routeOptions.config.takesBody !== true || raw.length === 0) return undefined;
  const contentType = request.headers['content-type'] ?? '';
  if (request.routeOptions.config.bodyType === 'form') return parseForm(contentType, raw.toString('utf8'));
  if (!jsonType.test(contentType)) {
    throw new LedgerError('unmarshalling', {
      detail: `This operation takes a JSON body: send Content-Type: application/json, not "${contentType.slice(0, 80)}".`,
    });
  }
  // Node would put U+FFFD in place of wrong bytes: something else would be kept than what was sent.
  if (!isUtf8(raw)) throw new LedgerError('unmarshalling', { detail: 'The body is not UTF-8: send JSON in UTF-8.' });
  return parseJson(raw.toString('utf8'));
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set by `registerRoutes`: whether the body is decoded or ignored. */
    takesBody?: boolean;
    bodyType?: 'json' | 'form' | 'multipart';
  }
}
