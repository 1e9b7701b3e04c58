import type { ClientOptions } from './client.js';
import { operations } from './generated/operations.js';
import { type Received, readAnswer, refusalOf, unreachable } from './read-answer.js';
import { defaultRetry, neverSent, wait, waitMs } from './retry.js';
import type { Answer, CallOptions, Input, OperationId } from './types.js';
import { type AnyInput, bodyOf, urlOf } from './write-request.js';

export type Send = <Id extends OperationId>(operationId: Id, input: Input<Id>) => Promise<Answer<Id>>;

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly keyed?: true;
  readonly multipart?: true;
}

/** What becomes of one attempt: an answer, or a failure that may be worth another one. */
type Outcome = { readonly received: Received } | { readonly failure: unknown };

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
  const send = options.fetch ?? fetch;
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
      const outcome = await attemptOnce(`${bases[at]}${path}`, operation, given, headersOf(given, token, key));
      if ('failure' in outcome) signal?.throwIfAborted();
      if (gaveNothing(outcome) && base === at) base = (at + 1) % bases.length;
      if (isStatus(outcome, 401) && options.token && !renewed) {
        // Not one of the attempts: nothing was wrong with the request.
        renewed = true;
        attempt -= 1;
        token = await options.token(token);
        continue;
      }
      const again = attempt < retry.attemptsMax && worthRepeating(outcome, repeatable);
      if (!again) return finish(operationId, operation, outcome, attempt);
      const asked = 'received' in outcome ? outcome.received.headers.get('retry-after') : null;
      await wait(waitMs(retry, attempt, asked, Math.random()), signal);
    }
  };

  async function attemptOnce(
    url: string,
    { method, multipart }: Operation,
    given: AnyInput & CallOptions,
    headers: Record<string, string>,
  ): Promise<Outcome> {
    const timeout = AbortSignal.timeout(given.timeoutMs ?? options.timeoutMs ?? 30_000);
    const signal = given.signal ? AbortSignal.any([given.signal, timeout]) : timeout;
    const { body, contentType } = bodyOf(given.body, multipart === true);
    const withType = contentType === undefined ? headers : { ...headers, 'content-type': contentType };
    try {
      const response = await send(url, { method, headers: withType, signal, ...(body !== undefined && { body }) });
      // Read here, so that a connection lost in the middle of an answer counts as lost.
      const text = method === 'HEAD' || response.status === 204 ? '' : await response.text();
      const { status, ok, headers: said } = response;
      return { received: { status, ok, headers: said, text } };
    } catch (failure) {
      return { failure };
    }
  }
}

function finish<Id extends OperationId>(
  operationId: Id,
  { method }: Operation,
  outcome: Outcome,
  attempts: number,
): Answer<Id> {
  if ('failure' in outcome) throw unreachable(operationId, outcome.failure, attempts);
  const { received } = outcome;
  // The answer to an earlier attempt was lost, not its effect.
  const isGone = method === 'DELETE' && attempts > 1 && received.status === 404;
  if (!received.ok && !isGone) throw refusalOf(operationId, received, attempts);
  return readAnswer(operationId, received, attempts);
}

function worthRepeating(outcome: Outcome, repeatable: boolean): boolean {
  if ('failure' in outcome) return repeatable || neverSent(outcome.failure);
  return isStatus(outcome, 429) || (repeatable && isStatus(outcome, 503));
}

const isStatus = (outcome: Outcome, status: number): outcome is { readonly received: Received } =>
  'received' in outcome && outcome.received.status === status;

const gaveNothing = (outcome: Outcome) => 'failure' in outcome || outcome.received.status === 503;

function headersOf({ idempotencySeconds, requestId }: CallOptions, token: string | undefined, key: string | undefined) {
  return {
    accept: 'application/json',
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
