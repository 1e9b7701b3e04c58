import { refuseUnsafeUrl } from './jwks.js';
import type { LoadRevocations, RevocationPage } from './revocation-list.js';

export interface RemoteRevocationsOptions {
  /** `PLUGIN_AUTH_ADDRESS`. */
  readonly address: string;
  /** What our own services show the Access Manager. */
  readonly serviceKey: string;
  /** Default 2 s. */
  readonly timeoutMs?: number;
}

/**
 * Reads the feed of an Access Manager in another process: `GET /v1/revocations?since=`.
 * @throws Error when it cannot be had; the message is for the operator
 */
export function createRemoteRevocations(options: RemoteRevocationsOptions): LoadRevocations {
  const { address, serviceKey, timeoutMs = 2_000 } = options;
  refuseUnsafeUrl(address);
  const url = `${address.replace(/\/+$/, '')}/v1/revocations`;
  return async (since) => {
    const response = await fetch(`${url}?since=${since}`, {
      headers: { accept: 'application/json', 'x-api-key': serviceKey },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 401)
      throw new Error(
        'the Access Manager does not know our service key: both processes need the same COFFERDAM_ENCRYPTION_KEY, or the same ACCESS_SERVICE_KEY',
      );
    if (!response.ok) throw new Error(`the revocation feed answered ${response.status}`);
    return readPage(await response.json());
  };
}

function readPage(body: unknown): RevocationPage {
  const { position, revoked, more, restarted } = (body ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(position) || !Array.isArray(revoked)) throw new Error('the revocation feed is no feed');
  return {
    position: position as number,
    revoked: revoked.map(({ jti, expiresAt }) => ({ jti: String(jti), expiresAt: Number(expiresAt) })),
    more: more === true,
    restarted: restarted === true,
  };
}
