import { exchange, type Outcome, retryAfterOf, worthRepeating } from './exchange.js';
import { notUnderstood, parsed, refusalOf, unreachable } from './read-answer.js';
import { defaultRetry, wait, waitMs } from './retry.js';

/**
 * Gives the access token of a request. `refused` is the one that the server has just refused: the provider must not
 * answer it again.
 */
export type TokenProvider = (refused?: string) => Promise<string> | string;

export interface ClientCredentials {
  /** Base URL of the Access Manager. */
  readonly accessUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** A token is renewed this many seconds before it ends: 30 unless given. */
  readonly marginSeconds?: number;
  readonly fetch?: typeof fetch;
}

interface Token {
  readonly value: string;
  /** In milliseconds since 1970. */
  readonly renewAt: number;
}

/**
 * Tokens of an application (grant `client_credentials`), kept until shortly before they end; calls that need one at the
 * same time share one request. Throws `CofferdamError` with the code of the Access Manager.
 */
export function clientCredentials(options: ClientCredentials): TokenProvider {
  let known: Token | undefined;
  let asked: Promise<Token> | undefined;
  return async (refused) => {
    if (asked === undefined && known !== undefined && known.value !== refused && Date.now() < known.renewAt)
      return known.value;
    asked ??= requestToken(options).finally(() => {
      asked = undefined;
    });
    known = await asked;
    return known.value;
  };
}

const timeoutMs = 30_000;
const operationId = 'access_token';

async function requestToken({
  accessUrl,
  clientId,
  clientSecret,
  marginSeconds = 30,
  fetch: send = fetch,
}: ClientCredentials) {
  const url = `${accessUrl.replace(/\/+$/, '')}/v1/login/oauth/access_token`;
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ grantType: 'client_credentials', clientId, clientSecret }),
  };
  for (let attempt = 1; ; attempt++) {
    const outcome = await exchange(send, url, request, timeoutMs);
    const ms = worthRepeating(outcome, true) ? waitMs(defaultRetry, attempt, retryAfterOf(outcome)) : undefined;
    if (ms === undefined) return readToken(outcome, attempt, marginSeconds);
    await wait(ms, undefined);
  }
}

function readToken(outcome: Outcome, attempts: number, marginSeconds: number): Token {
  if ('failure' in outcome) throw unreachable('Access Manager', operationId, outcome.failure, attempts);
  const { received } = outcome;
  if (!received.ok) throw refusalOf(operationId, received, attempts);
  const { accessToken, expiresIn } = parsed(received.text) ?? {};
  if (typeof accessToken !== 'string') throw notUnderstood(operationId, received, attempts);
  const seconds = typeof expiresIn === 'number' ? expiresIn - marginSeconds : 0;
  return { value: accessToken, renewAt: Date.now() + seconds * 1_000 };
}
