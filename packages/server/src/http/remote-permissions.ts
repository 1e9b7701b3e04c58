import { LedgerError } from '@cofferdam/core';
import type { GrantedPermissions, LoadPermissions } from './cached-permissions.js';
import { refuseUnsafeUrl } from './safe-url.js';

export interface RemotePermissionsOptions {
  /** `PLUGIN_AUTH_ADDRESS`. */
  readonly address: string;
  readonly now: () => Date;
  /** Default 1 s (access-manager §6.2). */
  readonly timeoutMs?: number;
}

/** So many failures in a row open the breaker for so long: a dead Access Manager must not hold every request. */
const breakerFailures = 5;
const breakerOpenMs = 2_000;

/**
 * Asks the Access Manager over HTTP, with the caller's own token, what the caller may do; one retry when the
 * connection failed. Wrap it with `createCachedPermissions`.
 * @throws LedgerError invalid_token (0042) when the Access Manager refuses the token; Error when it cannot answer
 */
export function createRemotePermissions(options: RemotePermissionsOptions): LoadPermissions {
  const { address, now, timeoutMs = 1_000 } = options;
  refuseUnsafeUrl(address);
  const url = `${address.replace(/\/+$/, '')}/v1/permissions`;
  let failures = 0;
  let openUntil = 0;

  async function ask(accessToken: string): Promise<Response> {
    const request = () =>
      fetch(url, {
        headers: { accept: 'application/json', authorization: `Bearer ${accessToken}` },
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
    try {
      return await request();
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') throw error;
      return request();
    }
  }

  return async (_principal, accessToken) => {
    if (now().getTime() < openUntil)
      throw new Error('the Access Manager failed repeatedly: waiting before asking again');
    try {
      const response = await ask(accessToken);
      const granted = await readAnswer(response);
      failures = 0;
      return granted;
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      failures++;
      if (failures >= breakerFailures) openUntil = now().getTime() + breakerOpenMs;
      throw error;
    }
  };
}

async function readAnswer(response: Response): Promise<GrantedPermissions> {
  const text = await response.text();
  if (response.status === 401) {
    throw new LedgerError('invalid_token', {
      detail: 'The access token is not valid: obtain a new one from the Access Manager.',
      reason: 'INVALID_TOKEN',
      log: 'refused by the Access Manager',
    });
  }
  if (response.status === 403) return {};
  if (!response.ok) throw new Error(`the Access Manager answered ${response.status}`);
  const body: unknown = JSON.parse(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Error('the permissions are no object');
  return Object.fromEntries(
    Object.entries(body).map(([resource, actions]) => [resource, Array.isArray(actions) ? actions.map(String) : []]),
  );
}
