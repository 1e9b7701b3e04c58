import { canonicalTenantId } from '@cofferdam/core';
import { createDirectoryFeed, type DirectoryFeed } from '../../http/directory-feed.js';
import { readChanges } from '../directory/directory-changes.js';
import type { AccessStore } from '../directory/with-directory.js';
import { createSubjects, type Subjects } from './subjects.js';

export interface WatchedSubjectsOptions {
  readonly store: AccessStore;
  readonly now: () => Date;
  /** Told once when the feed is lost, and again after it came back. */
  readonly onError: (error: unknown) => void;
}

/** Permissions in memory, and the feed by which those changed in another process are forgotten. Start and stop the feed. */
export function createWatchedSubjects({ store, now, onError }: WatchedSubjectsOptions): {
  subjects: Subjects;
  changes: DirectoryFeed;
} {
  const subjects = createSubjects({ store, now, isFeedFresh: () => changes.isFresh() });
  const changes = createDirectoryFeed({
    load: (since) => readChanges(store, since),
    onError,
    onLost: subjects.forgetAll,
    onChange({ tenantId, kind, subject }) {
      const known = canonicalTenantId(tenantId);
      if (known !== undefined) subjects.forget(known, { kind, subject });
    },
  });
  return { subjects, changes };
}
