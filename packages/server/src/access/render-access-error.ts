import { type ErrorName, LedgerError } from '@cofferdam/core';
import type { FastifyRequest } from 'fastify';
import type { RenderError } from '../http/error-handler.js';
import { errorStatus } from '../http/error-status.js';
import { AccessError, type AccessErrorName, accessErrorCatalogue } from './access-errors.js';

/** The endpoints that speak RFC 6749; everything else says `{code, title, message}`. */
export const oauthTokenUrl = '/v1/oauth/token';
export const oauthRevocationUrl = '/v1/oauth/revoke';
const oauthUrls: readonly (string | undefined)[] = [oauthTokenUrl, oauthRevocationUrl];

/** What the shared HTTP layer refuses, in the words of this listener. */
const translated: Partial<Record<ErrorName, AccessErrorName>> = {
  unexpected_fields_in_the_request: 'unexpected_fields',
  missing_fields_in_request: 'missing_fields',
  invalid_path_parameter: 'invalid_path_parameter',
  invalid_query_parameter: 'invalid_query_parameter',
  payload_too_large: 'payload_too_large',
  request_header_fields_too_large: 'headers_too_large',
  route_not_found: 'route_not_found',
  method_not_allowed: 'method_not_allowed',
  token_missing: 'token_missing',
  invalid_token: 'token_invalid',
  insufficient_privileges: 'forbidden',
  service_suspended: 'tenant_suspended',
  tenant_service_unavailable: 'unavailable',
};

/** Identity numbers the same refusals under its own prefix (access-manager §7). */
export const mirrored: ReadonlySet<AccessErrorName> = new Set([
  'missing_fields',
  'invalid_path_parameter',
  'unexpected_fields',
  'invalid_query_parameter',
  'bad_request',
]);
const identityUrl = /^\/v1\/(?:users|groups|applications|audit-events)(?:\/|$)/;

/** How the Access Manager words its refusals (access-manager §7); the values of members are never repeated. */
export const renderAccessError: RenderError = (error, request) => {
  const refusal = asAccessError(error);
  const entry: { status: number; oauth: string; oauthStatus?: number } = accessErrorCatalogue[refusal.reasonName];
  const oauth = oauthUrls.includes(request?.routeOptions?.url);
  const status = oauth ? (entry.oauthStatus ?? entry.status) : entry.status;
  const message = entry.status === 500 ? 'internal error' : refusal.info.message;
  const { fields, retryAfterSeconds } = refusal.info;
  const identity = mirrored.has(refusal.reasonName) && identityUrl.test(request?.routeOptions?.url ?? '');
  const code = identity ? refusal.code.replace('AUT-', 'IDE-') : refusal.code;
  return {
    status,
    body: oauth
      ? { error: entry.oauth, error_description: printable(message) }
      : { code, title: refusal.title, message, ...(fields && { fields }) },
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(status === 401 && challenge(refusal.reasonName, oauth, request)),
      ...((status === 429 || status === 503) && { 'retry-after': String(retryAfterSeconds ?? 5) }),
    },
  };
};

function asAccessError(error: unknown): AccessError {
  if (error instanceof AccessError) return error;
  if (!(error instanceof LedgerError)) return new AccessError('internal', { message: 'internal error' });
  const { detail, errors = [] } = error.info;
  const name = translated[error.reasonName] ?? (errorStatus[error.reasonName] < 500 ? 'bad_request' : 'internal');
  // A member sent under a wrong name may hold a secret: unlike the ledger, only names are shown.
  const unexpected = name === 'unexpected_fields';
  const fields = Object.fromEntries(
    errors.map(({ location, message }) => [location, unexpected ? 'is not expected here' : message]),
  );
  return new AccessError(name, {
    message: unexpected ? `Unexpected members: ${Object.keys(fields).join(', ')}.` : detail,
    ...(errors.length > 0 && { fields }),
    ...(error.info.retryAfterSeconds !== undefined && { retryAfterSeconds: error.info.retryAfterSeconds }),
  });
}

/**
 * RFC 6749 §5.2 asks for the scheme that the client used; a client that used none reads `invalid_client` in the body, and
 * libraries take a challenge for something else. RFC 6750 §3.1 asks for no error when no token was sent.
 */
function challenge(name: AccessErrorName, oauth: boolean, request: FastifyRequest | undefined): Record<string, string> {
  if (oauth)
    return /^basic\s/i.test(request?.headers.authorization ?? '')
      ? { 'www-authenticate': 'Basic realm="cofferdam"' }
      : {};
  return { 'www-authenticate': name === 'token_invalid' ? 'Bearer error="invalid_token"' : 'Bearer' };
}

/** RFC 6749 §5.2: printable ASCII without quotation mark and backslash. */
function printable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x7e]|\\/g, '?');
}
