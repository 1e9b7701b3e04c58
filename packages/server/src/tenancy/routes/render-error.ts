import { type ErrorName, LedgerError } from '@cofferdam/core';
import type { RenderedError } from '../../http/error-handler.js';
import { isConnectionLost } from '../../postgres/pg-errors.js';
import { TenancyError, type TenancyErrorName, tenancyErrors } from '../tenancy-error.js';

/** What the shared HTTP layer refuses, in the words of this listener. */
const shared: Partial<Record<ErrorName, TenancyErrorName>> = {
  unmarshalling: 'malformed_json',
  unexpected_fields_in_the_request: 'unknown_field',
  missing_fields_in_request: 'missing_field',
  invalid_path_parameter: 'invalid_tenant_id',
  invalid_query_parameter: 'invalid_query',
  pagination_limit_exceeded: 'invalid_query',
  payload_too_large: 'payload_too_large',
  request_header_fields_too_large: 'headers_too_large',
  route_not_found: 'route_not_found',
  method_not_allowed: 'method_not_allowed',
};

/** `{code, title, message}` (contract, "One answer for refusals"). What nobody expected tells nothing. */
export function renderTenancyError(error: unknown): RenderedError {
  const refusal = asTenancyError(error);
  const { status, code, title } = tenancyErrors[refusal.reasonName];
  return {
    status,
    body: { ...refusal.extra, code, title, message: refusal.message },
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(status === 401 ? { 'www-authenticate': 'ApiKey realm="tenants"' } : {}),
      ...(status === 503 ? { 'retry-after': '2' } : {}),
    },
  };
}

function asTenancyError(error: unknown): TenancyError {
  if (error instanceof TenancyError) return error;
  if (isConnectionLost(error))
    return new TenancyError('control_database_unavailable', 'The control database cannot be reached; try again.');
  if (!(error instanceof LedgerError)) return new TenancyError('internal', 'internal error');
  const { detail, errors } = error.info;
  const name = shared[error.reasonName] ?? 'invalid_request';
  return new TenancyError(name, detail, errors === undefined || errors.length === 0 ? {} : { errors });
}
