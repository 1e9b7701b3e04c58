import type { LoadRevocations, RevocationPage } from './revocation-list.js';
import { createServiceRequest, type ServiceRequestOptions } from './service-request.js';

/** Reads the feed of an Access Manager in another process: `GET /v1/revocations?since=`. */
export function createRemoteRevocations(options: ServiceRequestOptions): LoadRevocations {
  const ask = createServiceRequest(options);
  return async (since) => readPage(await ask(`/v1/revocations?since=${since}`));
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
