import type { ClientOptions } from './client.js';
import { exchange, isStatus, type Outcome, retryAfterOf, worthRepeating } from './exchange.js';
import { operations } from './generated/operations.js';
import { readAnswer, refusalOf, unreachable } from './read-answer.js';
import { defaultRetry, wait, waitMs } from './retry.js';
import type { Answer, CallOptions, Input, OperationId } from './types.js';
import { type AnyInput, bodyOf, urlOf } from './write-request.js';

export type Send = <Id extends OperationId>(operationId: Id, input: Input<Id>) => Promise<Answer<Id>>;

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly keyed?: true;
  readonly multipart?: true;
}

/**
 * Sends an operation, again when it helps: after 429, 503 and lost connections, with the same idempotency key each time.
 * What would be done twice by being sent twice (a create without key, commit, cancel, revert) is repeated only after 429
 * and when no connection was made at all.
 */
export function createSender(options: ClientOptions): Send {
  const bases = [options.baseUrl].flat().map(checkedBase);
  if (bases.length === 0) throw new TypeError('baseUrl: at least one is needed');
  const retry = { ...defaultRetry, ...options.retry };
  const newKey = options.newKey ?? (() => crypto.randomUUID());
  const { fetch: send = fetch, timeoutMs = 30_000 } = options;
  /** The last one that answered. */
  let base = 0;

  return async (operationId, input) => {
    const operation: Operation = operations[operationId];
    const given = input as AnyInput & CallOptions;
    const { signal } = given;
    const key = operation.keyed ? (given.idempotencyKey ?? newKey()) : undefined;
    const repeatable = operation.method !== 'POST' || key !== undefined;
    const path = urlOf(operation.path, given);
    let token = await options.token?.();
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      const at = base;
      const { body, contentType } = bodyOf(given.body, operation.multipart === true);
      const headers = headersOf(given, token, key, contentType);
      const request = { method: operation.method, headers, ...(body !== undefined && { body }) };
      const outcome = await exchange(send, `${bases[at]}${path}`, request, given.timeoutMs ?? timeoutMs, signal);
      if ('failure' in outcome) signal?.throwIfAborted();
      if (gaveNothing(outcome) && base === at) base = (at + 1) % bases.length;
      if (isStatus(outcome, 401) && options.token && !renewed) {
        // Not one of the attempts: nothing was wrong with the request.
        renewed = true;
        attempt -= 1;
        token = await options.token(token);
        continue;
      }
      const ms = worthRepeating(outcome, repeatable) ? waitMs(retry, attempt, retryAfterOf(outcome)) : undefined;
      if (ms === undefined) return finish(operationId, operation, outcome, attempt);
      await wait(ms, signal);
    }
  };
}

function finish<Id extends OperationId>(
  operationId: Id,
  { method }: Operation,
  outcome: Outcome,
  attempts: number,
): Answer<Id> {
  if ('failure' in outcome) throw unreachable('ledger', operationId, outcome.failure, attempts);
  const { received } = outcome;
  // The answer to an earlier attempt was lost, not its effect.
  const isGone = method === 'DELETE' && attempts > 1 && received.status === 404;
  if (!received.ok && !isGone) throw refusalOf(operationId, received, attempts);
  return readAnswer(operationId, received, attempts);
}

const gaveNothing = (outcome: Outcome) => 'failure' in outcome || outcome.received.status === 503;

function headersOf(
  { idempotencySeconds, requestId }: CallOptions,
  token: string | undefined,
  key: string | undefined,
  contentType: string | undefined,
): Record<string, string> {
  return {
    accept: 'application/json',
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(key !== undefined && { 'x-idempotency': key }),
    ...(idempotencySeconds !== undefined && { 'x-ttl': String(idempotencySeconds) }),
    ...(requestId !== undefined && { 'x-request-id': requestId }),
  };
}

function checkedBase(text: string): string {
  const { protocol, search, hash } = new URL(text);
  if (!/^https?:$/.test(protocol) || search !== '' || hash !== '')
    throw new TypeError(`baseUrl: ${text} must be an http or https URL without query`);
  return text.replace(/\/+$/, '');
}
