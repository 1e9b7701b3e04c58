import { CofferdamError } from './error.js';

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

/**
 * Tokens of an application (grant `client_credentials`), kept until shortly before they end; calls that need one at the
 * same time share one request. Throws `CofferdamError` with the code of the Access Manager.
 */
export function clientCredentials(options: ClientCredentials): TokenProvider {
  const { marginSeconds = 30 } = options;
  let current: { token?: string; endsAt: number; readonly arrival: Promise<string> } | undefined;
  return (refused) => {
    const waiting = current !== undefined && current.token === undefined;
    if (current !== undefined && (waiting || (current.token !== refused && Date.now() < current.endsAt)))
      return current.arrival;
    const asked = requestToken(options);
    const mine: NonNullable<typeof current> = { endsAt: 0, arrival: asked.then(({ token }) => token) };
    current = mine;
    asked.then(
      ({ token, lifeSeconds }) => {
        mine.token = token;
        mine.endsAt = Date.now() + Math.max(0, lifeSeconds - marginSeconds) * 1_000;
      },
      () => {
        current = undefined;
      },
    );
    return mine.arrival;
  };
}

async function requestToken({ accessUrl, clientId, clientSecret, fetch: send = fetch }: ClientCredentials) {
  const operationId = 'access_token';
  const response = await send(`${accessUrl.replace(/\/+$/, '')}/v1/login/oauth/access_token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ grantType: 'client_credentials', clientId, clientSecret }),
    signal: AbortSignal.timeout(30_000),
  }).catch((cause: unknown) => {
    const message = 'The Access Manager cannot be reached.';
    throw new CofferdamError({
      code: 'UNREACHABLE',
      status: 0,
      title: message,
      message,
      operationId,
      attempts: 1,
      cause,
    });
  });
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const { accessToken, expiresIn, code, title, message } = body;
  if (response.ok && typeof accessToken === 'string')
    return { token: accessToken, lifeSeconds: typeof expiresIn === 'number' ? expiresIn : 300 };
  throw new CofferdamError({
    code: typeof code === 'string' ? code : 'NOT_UNDERSTOOD',
    status: response.status,
    title: typeof title === 'string' ? title : 'No token',
    message: typeof message === 'string' ? message : 'The Access Manager gave no token.',
    requestId: response.headers.get('x-request-id') ?? undefined,
    operationId,
    attempts: 1,
  });
}
