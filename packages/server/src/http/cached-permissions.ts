import type { TenantId } from '@cofferdam/core';
import { LRUCache } from 'lru-cache';
import type { Permission, PermissionSource, Principal } from './principal.js';

/** Resource → actions, as `GET /v1/permissions` lists them (access-manager §2.5). */
export type GrantedPermissions = Readonly<Record<string, readonly string[]>>;

/** All that a principal may do. Rejects when it cannot be had. */
export type LoadPermissions = (principal: Principal, accessToken: string) => Promise<GrantedPermissions>;

export interface CachedPermissionsOptions {
  readonly load: LoadPermissions;
  readonly now: () => Date;
  /** At most 60 s (access-manager §6.2), which is the default. */
  readonly ttlMs?: number;
  /** Whether changes are heard of (directory-feed.ts). While they are not, answers are used for 30 s at most. */
  readonly isFeedFresh?: () => boolean;
  /** How many principals are remembered. Default 10,000. */
  readonly size?: number;
}

export interface CachedPermissions extends PermissionSource {
  /** Call on a change of one user or application. An answer on its way is not remembered either. */
  forget(tenantId: TenantId | undefined, changed: Pick<Principal, 'kind' | 'subject'>): void;
  forgetAll(): void;
}

interface Entry {
  readonly granted: GrantedPermissions;
  /** When the question was put. */
  readonly askedAt: number;
  /** How long it may be used at most. */
  readonly ttlMs: number;
}

const withoutFeedMs = 30_000;
/**
 * The Access Manager that is asked may be another process than the one that made the change or told of it, and hear of it later by
 * up to this (its own feed counts as fresh so long). Its answer about that subject is used until then for half a second only.
 */
const elsewhereUnheardMs = 2_000;
const doubtfulTtlMs = 500;

/**
 * Remembers what each principal may do for at most a minute, and asks once for all who wait. A failed load is not
 * remembered and rejects: then nobody is let in whose permission is not known.
 */
export function createCachedPermissions(options: CachedPermissionsOptions): CachedPermissions {
  const { load, now, isFeedFresh = () => true } = options;
  const ttlMs = Math.min(options.ttlMs ?? 60_000, 60_000);
  const entries = new LRUCache<string, Entry>({ max: options.size ?? 10_000 });
  const loading = new Map<string, Promise<GrantedPermissions>>();
  /** When the last change of a subject was heard of. */
  const changedAt = new LRUCache<string, number>({ max: options.size ?? 10_000 });

  async function granted(principal: Principal, accessToken: string): Promise<GrantedPermissions> {
    const key = keyOf(principal);
    const entry = entries.get(key);
    if (entry && now().getTime() < entry.askedAt + Math.min(entry.ttlMs, usableMs())) return entry.granted;
    const running = loading.get(key) ?? start(key, principal, accessToken);
    return running;
  }

  function start(key: string, principal: Principal, accessToken: string): Promise<GrantedPermissions> {
    // Aged from before the question, so that a grant withdrawn meanwhile is not used for longer.
    const askedAt = now().getTime();
    const isDoubtful = askedAt < (changedAt.get(subjectOf(principal)) ?? Number.NEGATIVE_INFINITY) + elsewhereUnheardMs;
    const promise: Promise<GrantedPermissions> = load(principal, accessToken)
      .then((answer) => {
        // Forgotten meanwhile: good for those who waited, not for later.
        if (loading.get(key) === promise)
          entries.set(key, { granted: answer, askedAt, ttlMs: isDoubtful ? doubtfulTtlMs : ttlMs });
        return answer;
      })
      .finally(() => {
        if (loading.get(key) === promise) loading.delete(key);
      });
    loading.set(key, promise);
    return promise;
  }

  const usableMs = (): number => (isFeedFresh() ? ttlMs : Math.min(ttlMs, withoutFeedMs));

  return {
    async isAllowed(principal: Principal, { resource, action }: Permission, accessToken: string) {
      const permissions = await granted(principal, accessToken);
      return Object.hasOwn(permissions, resource) && (permissions[resource] as readonly string[]).includes(action);
    },
    forget(tenantId: TenantId | undefined, { kind, subject }: Pick<Principal, 'kind' | 'subject'>) {
      // Whatever the issuer and the client.
      const part = subjectOf({ tenantId, kind, subject });
      changedAt.set(part, now().getTime());
      for (const known of [entries, loading])
        for (const key of [...known.keys()]) if (key.includes(part)) known.delete(key);
    },
    forgetAll() {
      entries.clear();
      loading.clear();
    },
  };
}

/** Claims hold no control characters (`verify-token.ts`), so the parts cannot run into each other. */
function keyOf({ issuer, tenantId, kind, subject, clientId }: Principal): string {
  return `${issuer}${subjectOf({ tenantId, kind, subject })}${clientId}`;
}

function subjectOf({ tenantId, kind, subject }: Pick<Principal, 'tenantId' | 'kind' | 'subject'>): string {
  return `\n${tenantId ?? ''}\n${kind}\n${subject}\n`;
}
