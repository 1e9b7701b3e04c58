import { createHash } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import { LRUCache } from 'lru-cache';
import { AccessError } from '../access-errors.js';
import { findSubjectRoles, type Subject, type SubjectRoles } from '../directory/subject-roles.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';

export interface Subjects {
  /**
   * Undefined: unknown in this tenant, disabled or expired. Rejects when the directory cannot be reached. What is remembered
   * comes without a promise.
   */
  rolesOf(tenantId: TenantId, subject: Subject): Promise<SubjectRoles | undefined> | SubjectRoles | undefined;
  /** Call on a change of one subject, or of a whole tenant. */
  forget(tenantId: TenantId, subject?: Subject): void;
  forgetAll(): void;
}

export interface SubjectsOptions {
  readonly store: AccessStore;
  readonly now: () => Date;
  /** At most 60 000 (access-manager §6.2). */
  readonly cacheMs?: number;
  readonly cachedMax?: number;
  /** Whether changes made by other processes are heard of. While they are not, answers are used for 30 s at most. */
  readonly isFeedFresh?: () => boolean;
}

interface Remembered {
  /** A promise until it is there. */
  answer: ReturnType<Subjects['rolesOf']>;
  /** When the directory said so. */
  saidAt: number;
  /** When to ask again. */
  until: number;
  /** The directory could not be reached: this is what it said before. */
  away?: boolean;
}

/** What was known may be used so long while the directory cannot be reached (contract, "Fail-static"). */
const failStaticMs = 15 * 60_000;
const askAgainAfterFailureMs = 5_000;
const withoutFeedMs = 30_000;

/** What each subject may do, remembered for at most a minute by (tenant, kind, subject); twins ask the database once. */
export function createSubjects(options: SubjectsOptions): Subjects {
  const { store, now, cacheMs = 60_000, cachedMax = 20_000, isFeedFresh = () => true } = options;
  const cache = new LRUCache<string, Remembered>({ max: cachedMax });

  function ask(key: string, tenantId: TenantId, subject: Subject, before: Remembered | undefined): Remembered {
    const at = now();
    const asked = withDirectory(store, tenantId, (tx) => findSubjectRoles(tx, subject, at));
    const settle = (roles: SubjectRoles | undefined) => {
      entry.answer = roles;
      return roles;
    };
    const entry: Remembered = {
      saidAt: at.getTime(),
      until: at.getTime() + Math.min(cacheMs, 60_000),
      answer: asked.then(settle, (error: unknown) => {
        const away = error instanceof AccessError && error.reasonName === 'unavailable';
        if (away && before !== undefined && at.getTime() - before.saidAt < failStaticMs) {
          entry.saidAt = before.saidAt;
          entry.away = true;
          entry.until = now().getTime() + askAgainAfterFailureMs;
          return before.answer;
        }
        // A failure is told to those who waited for it, and to nobody later.
        if (cache.peek(key) === entry) cache.delete(key);
        throw error;
      }),
    };
    cache.set(key, entry);
    return entry;
  }

  return Object.freeze({
    rolesOf(tenantId: TenantId, subject: Subject) {
      const key = keyOf(tenantId, subject);
      const known = cache.get(key);
      const at = now().getTime();
      const heard = isFeedFresh() || (known !== undefined && at < known.saidAt + withoutFeedMs);
      // While the directory is away, `until` says when to try again: what was known serves meanwhile.
      const fresh = known !== undefined && at < known.until && (heard || known.away === true);
      return (fresh ? known : ask(key, tenantId, subject, known)).answer;
    },
    forget(tenantId: TenantId, subject?: Subject) {
      if (subject !== undefined) cache.delete(keyOf(tenantId, subject));
      else for (const key of [...cache.keys()]) if (key.startsWith(`${tenantId}/`)) cache.delete(key);
    },
    forgetAll: () => cache.clear(),
  });
}

/**
 * Bounded, whatever a foreign issuer may write into `sub`; ours are short and need no digest on each request. Tenant ids
 * hold no slash.
 */
function keyOf(tenantId: TenantId, { kind, subject }: Subject): string {
  const name = subject.length <= 64 ? `=${subject}` : createHash('sha256').update(subject, 'utf8').digest('base64url');
  return `${tenantId}/${kind}/${name}`;
}
