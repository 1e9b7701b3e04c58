import { STATUS_CODES } from 'node:http';
import { type ErrorName, LedgerError, type LedgerErrorInfo } from '@cofferdam/core';
import type { FastifyRequest } from 'fastify';
import type { RenderError } from './error-handler.js';
import { errorStatus } from './error-status.js';

export const problemTypeBase = 'https://errors.lerian.studio/v1/';
const defaultRetryAfterSeconds = 5;
/** A route with a limit of its own this low (settings) answers 400 to a larger body, all others 413 (ledger-api §11.1). */
const smallBodyLimit = 64 * 1024;

/**
 * The ledger's answer to a refusal: the RFC 9457 members of ledger-api §11.1 and, for older clients, `message` and
 * `fields` (contract, "One answer for refusals"). Whatever is no LedgerError is 500/0046 and tells nothing.
 */
export const renderProblem: RenderError = (error, request) => {
  const refusal =
    error instanceof LedgerError ? error : new LedgerError('internal_server', { detail: 'internal error' });
  const status = statusOf(refusal.reasonName, request?.routeOptions?.bodyLimit);
  const { entityType, errors, reason } = refusal.info;
  const detail = status < 500 ? refusal.info.detail : 'internal error';
  return {
    status,
    body: {
      type: problemTypeBase + refusal.code,
      title: status < 500 ? refusal.title : (STATUS_CODES[status] ?? refusal.title),
      status,
      detail,
      code: refusal.code,
      ...(entityType && { entityType }),
      ...(reason && { reason }),
      ...(errors?.length && { errors, fields: fieldsOf(errors) }),
      message: detail,
    },
    headers: { 'content-type': mediaType(request), ...challenge(refusal, status) },
  };
};

/** The status of a refusal on a route with this limit of its own. */
export function statusOf(name: ErrorName, bodyLimit: number | undefined): number {
  const isTooLarge = name === 'payload_too_large' && (bodyLimit === undefined || bodyLimit > smallBodyLimit);
  return isTooLarge ? 413 : errorStatus[name];
}

/** The older map from field to message; an unexpected field shows its value instead, in the shape it was sent. */
function fieldsOf(errors: NonNullable<LedgerErrorInfo['errors']>): Record<string, unknown> {
  return Object.fromEntries(
    errors.map((error) => [error.location, error.value === undefined ? error.message : error.value]),
  );
}

/** Clients that ask for `application/json` alone read a body only under that name (ledger-api §15.1 row 8). */
function mediaType(request: FastifyRequest | undefined): string {
  const accept = request?.headers.accept ?? '';
  const wantsJson = accept.includes('application/json') && !accept.includes('application/problem+json');
  return `application/${wantsJson ? 'json' : 'problem+json'}; charset=utf-8`;
}

function challenge(refusal: LedgerError, status: number): Record<string, string> {
  if (status === 401) {
    // RFC 6750 §3.1: no error attribute when no token was sent.
    return { 'www-authenticate': refusal.reasonName === 'token_missing' ? 'Bearer' : 'Bearer error="invalid_token"' };
  }
  if (status === 503 || status === 429)
    return { 'retry-after': String(refusal.info.retryAfterSeconds ?? defaultRetryAfterSeconds) };
  return {};
}
