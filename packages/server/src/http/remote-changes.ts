import type { ChangePage, LoadChanges } from './directory-feed.js';
import { createServiceRequest, type ServiceRequestOptions } from './service-request.js';

/** Reads the feed of an Access Manager in another process: `GET /v1/directory-changes?since=`. */
export function createRemoteChanges(options: ServiceRequestOptions): LoadChanges {
  const ask = createServiceRequest(options);
  const path = '/v1/directory-changes';
  return async (since) => readPage(await ask(since === undefined ? path : `${path}?since=${since}`));
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
