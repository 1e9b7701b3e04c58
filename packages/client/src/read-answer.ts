import { CofferdamError, type FieldProblem } from './error.js';
import type { Received } from './exchange.js';
import type { Answer, OperationId } from './types.js';

const requestIdOf = ({ headers }: Received) => headers.get('x-request-id') ?? undefined;

/** Throws `NOT_UNDERSTOOD` for a success that is no JSON: something else than a ledger answered. */
export function readAnswer<Id extends OperationId>(operationId: Id, received: Received, attempts: number): Answer<Id> {
  const { status, headers } = received;
  const data = dataOf(operationId, received, attempts);
  const replayed = headers.get('x-idempotency-replayed') === 'true';
  return { data: data as never, status, headers, requestId: requestIdOf(received), replayed, attempts };
}

function dataOf(operationId: OperationId, received: Received, attempts: number): unknown {
  const count = received.headers.get('x-total-count');
  if (operationId.startsWith('count') && count !== null) return Number(count);
  const { text } = received;
  if (text === '' || !received.ok) return undefined;
  if (received.headers.get('content-type')?.startsWith('text/plain')) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notUnderstood(operationId, received, attempts, cause);
  }
}

/** The refusal that an answer says; of HEAD, which has no body, what its status says. */
export function refusalOf(operationId: string, received: Received, attempts: number): CofferdamError {
  const { text } = received;
  const body = parsed(text);
  if (body === undefined || typeof body['code'] !== 'string')
    return text === ''
      ? new CofferdamError({
          code: 'REFUSED',
          status: received.status,
          title: 'Refused',
          message: `${operationId} was refused with status ${received.status}.`,
          requestId: requestIdOf(received),
          operationId,
          attempts,
        })
      : notUnderstood(operationId, received, attempts);
  const { code, title, message, fields, errors, entityType, reason } = body;
  return new CofferdamError({
    code,
    status: received.status,
    title: asText(title) ?? code,
    message: asText(message) ?? asText(body['detail']) ?? code,
    fields: (fields ?? {}) as Record<string, unknown>,
    errors: (errors ?? []) as FieldProblem[],
    entityType: asText(entityType),
    reason: asText(reason),
    requestId: requestIdOf(received),
    operationId,
    attempts,
  });
}

/** No answer came, or none in time. */
export function unreachable(who: string, operationId: string, cause: unknown, attempts: number): CofferdamError {
  const late = (cause as { name?: unknown } | undefined)?.name === 'TimeoutError';
  const message = late ? `The ${who} did not answer in time.` : `The ${who} cannot be reached.`;
  const code = late ? 'TIMEOUT' : 'UNREACHABLE';
  return new CofferdamError({ code, status: 0, title: message, message, operationId, attempts, cause });
}

export function notUnderstood(
  operationId: string,
  received: Received,
  attempts: number,
  cause?: unknown,
): CofferdamError {
  const message = `What answered with status ${received.status} is not understood: look at the base URL and at proxies on the way.`;
  const { status } = received;
  const requestId = requestIdOf(received);
  return new CofferdamError({
    code: 'NOT_UNDERSTOOD',
    title: 'Answer not understood',
    ...{ status, message, requestId, operationId, attempts, cause },
  });
}

/** A JSON object, or undefined. */
export function parsed(text: string): (Record<string, unknown> & { code?: string }) | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
