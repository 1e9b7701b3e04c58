import { closedLoop } from '../load/closed-loop.js';
import type { LoadResult, Window } from '../load/load-result.js';
import { openLoop } from '../load/open-loop.js';
import { postRequests, randomTransfers } from '../load/requests.js';
import { cpuOf, cpuOfTree } from '../measure/cpu.js';
import { percentile } from '../measure/statistics.js';
import type { Books } from '../stage/books.js';
import { call, inParallel } from '../stage/call.js';
import { ownerPassword, type TokenStage } from './stage.js';

export interface TokenRate {
  readonly perSecond: number;
  /** Milliseconds of CPU a token, server and database together: what the rate comes down to on a quiet machine. */
  readonly cpuMs: number;
  readonly p99Ms: number;
}

const portOf = (url: string) => Number(new URL(url).port);

/** `client_credentials` at the token endpoint: the documented face (with a refresh token), or the one of RFC 6749. */
export async function measureTokens(
  { server, postgresPid, clientId, clientSecret }: TokenStage,
  face: 'documented' | 'oauth',
  window: Window,
): Promise<TokenRate> {
  const [path, type, body] =
    face === 'documented'
      ? [
          '/v1/login/oauth/access_token',
          'application/json',
          JSON.stringify({ grantType: 'client_credentials', clientId, clientSecret }),
        ]
      : [
          '/v1/oauth/token',
          'application/x-www-form-urlencoded',
          new URLSearchParams({
            grant_type: 'client_credentials',
            client_id: clientId,
            client_secret: clientSecret,
          }).toString(),
        ];
  const request = `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const cpu = () => cpuOf(server.pid) + cpuOfTree(postgresPid);
  let [before, after] = [0, 0];
  const callers = { port: portOf(server.urls.access), connections: 16, next: () => request };
  const result = await closedLoop(callers, window, {
    opened: () => {
      before = cpu();
    },
    closed: () => {
      after = cpu();
    },
  });
  refuseRefusals(result);
  return {
    perSecond: result.perSecond,
    cpuMs: ((after - before) * 1_000) / result.latencies.length,
    p99Ms: percentile(result.latencies, 0.99),
  };
}

/** As many tokens as callers, so that remembering the last one helps nobody. */
export async function manyTokens({ server, clientId, clientSecret }: TokenStage, count: number): Promise<string[]> {
  const body = { grantType: 'client_credentials', clientId, clientSecret };
  const url = `${server.urls.access}/v1/login/oauth/access_token`;
  return inParallel(Array.from({ length: count }), 16, async () => (await call('POST', url, { body })).accessToken);
}

/** Transactions a second in the closed loop; with several tokens each request takes the next one. */
export async function measurePosting(
  port: number,
  books: Books,
  tokens: readonly (string | undefined)[],
  window: Window,
): Promise<number> {
  const makers = tokens.map((token) => postRequests({ ...books, token }, 'json', randomTransfers(books), 20));
  let at = 0;
  const next = () => {
    at = (at + 1) % makers.length;
    return (makers[at] as () => string)();
  };
  const result = await closedLoop({ port, connections: 32, next }, window);
  refuseRefusals(result);
  return result.perSecond;
}

export interface UnderLogins {
  readonly p99Ms: number;
  readonly loginsPerSecond: number;
}

/** p99 of posting at a steady rate while people log in with passwords at another, in the same process. */
export async function measureUnderLogins(
  { server, books, clientId }: TokenStage,
  rates: { readonly postings: number; readonly logins: number },
  window: Window,
): Promise<UnderLogins> {
  const next = postRequests(books, 'json', randomTransfers(books), 200);
  const posting = openLoop({ port: server.ledgerPort, connections: 32, perSecond: rates.postings, next }, window);
  const body = JSON.stringify({
    grantType: 'password',
    username: 'owner@example.com',
    password: ownerPassword,
    clientId,
  });
  const login = `POST /v1/login/oauth/access_token HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const port = portOf(server.urls.access);
  const people =
    rates.logins === 0
      ? undefined
      : openLoop({ port, connections: 16, perSecond: rates.logins, next: () => login }, window);
  const [posted, loggedIn] = await Promise.all([posting, people]);
  refuseRefusals(posted);
  if (loggedIn !== undefined) refuseRefusals(loggedIn);
  return { p99Ms: percentile(posted.latencies, 0.99), loginsPerSecond: loggedIn?.perSecond ?? 0 };
}

function refuseRefusals({ refused }: LoadResult): void {
  if (Object.keys(refused).length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
}
