import type { ChangePage, LoadChanges } from './change-feed.js';
import { refuseUnsafeUrl } from './jwks.js';

export interface RemoteChangesOptions {
  /** `PLUGIN_AUTH_ADDRESS`. */
  readonly address: string;
  /** What our own services show the Access Manager. */
  readonly serviceKey: string;
  /** Default 2 s. */
  readonly timeoutMs?: number;
}

/**
 * Reads the feed of an Access Manager in another process: `GET /v1/directory-changes?since=`.
 * @throws Error when it cannot be had; the message is for the operator
 */
export function createRemoteChanges(options: RemoteChangesOptions): LoadChanges {
  const { address, serviceKey, timeoutMs = 2_000 } = options;
  refuseUnsafeUrl(address);
  const url = `${address.replace(/\/+$/, '')}/v1/directory-changes`;
  return async (since) => {
    const response = await fetch(since === undefined ? url : `${url}?since=${since}`, {
      headers: { accept: 'application/json', 'x-api-key': serviceKey },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`the feed of directory changes answered ${response.status}`);
    return readPage(await response.json());
  };
}

function readPage(body: unknown): ChangePage {
  const { position, changes, more, restarted } = (body ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(position) || !Array.isArray(changes))
    throw new Error('the feed of directory changes is no feed');
  return {
    position: position as number,
    changes: changes.map(({ tenantId, kind, subject }) => ({
      tenantId: String(tenantId),
      kind: kind === 'person' ? 'person' : 'application',
      subject: String(subject),
    })),
    more: more === true,
    restarted: restarted === true,
  };
}
