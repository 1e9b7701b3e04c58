import { LedgerError } from '@cofferdam/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { JsonError, stringifyJson } from './json.js';
import { letFinish } from './let-finish.js';

export interface RenderedError {
  readonly status: number;
  readonly body: unknown;
  /** With `content-type`; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * How a listener words its refusals. Given are LedgerErrors (also for what the framework refuses: bad JSON, unknown
 * route, …), errors of the listener's own and anything unexpected. `request` is undefined when Node could not parse
 * the request at all.
 */
export type RenderError = (error: unknown, request: FastifyRequest | undefined) => RenderedError;

/** The only place where an error becomes an answer; the only place that logs unexpected ones. */
export function installErrorHandler(app: FastifyInstance, renderError: RenderError): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, renderError));
}

export function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  renderError: RenderError,
): FastifyReply {
  const refusal = asRefusal(error);
  const rendered = renderSafely(refusal, request, renderError);
  if (rendered.status >= 500) {
    const internal = refusal instanceof LedgerError ? refusal.info.log : undefined;
    const tenant = request.tenantId === undefined ? {} : { tenantId: request.tenantId };
    request.log.error(
      { ...tenant, err: refusal, ...(internal !== undefined && { cause: internal }) },
      'request failed',
    );
  }
  if (refusal instanceof LedgerError && refusal.reasonName === 'payload_too_large') letFinish(request, reply);
  return reply.code(rendered.status).headers(rendered.headers).send(stringifyJson(rendered.body));
}

/** A renderer that fails would leave the answer to the framework, which shows the error's own message. */
function renderSafely(refusal: unknown, request: FastifyRequest, renderError: RenderError): RenderedError {
  try {
    return renderError(refusal, request);
  } catch (err) {
    request.log.error({ err }, 'an error could not be rendered');
    return {
      status: 500,
      body: { title: 'Internal Server Error', message: 'internal error' },
      headers: { 'content-type': 'application/json; charset=utf-8' },
    };
  }
}

/** What the framework refuses, in the words of the error catalogue; anything else unchanged. */
export function asRefusal(error: unknown): unknown {
  if (error instanceof LedgerError) return error;
  if (error instanceof JsonError) {
    return new LedgerError('unmarshalling', { detail: `The request body is not valid JSON: ${error.message}.` });
  }
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new LedgerError('payload_too_large', { detail: 'The request body is larger than this route accepts.' });
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new LedgerError('invalid_path_parameter', {
        detail: 'The path is not validly percent-encoded UTF-8, or a part of it is too long.',
      });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new LedgerError('unmarshalling', { detail: 'The body is not as long as Content-Length says.' });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new LedgerError('unmarshalling', {
        detail: 'The Content-Type header is malformed: send application/json.',
      });
    case 'ECONNRESET':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return new LedgerError('unmarshalling', { detail: 'The request body ended early.' });
  }
  if (typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' && statusCode < 500) {
    return new LedgerError('bad_request', { detail: 'The request is malformed.' });
  }
  return error;
}
