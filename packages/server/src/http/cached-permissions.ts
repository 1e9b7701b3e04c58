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
  /** How many principals are remembered. Default 10,000. */
  readonly size?: number;
}

interface Entry {
  readonly granted: GrantedPermissions;
  readonly until: number;
}

/**
 * Remembers what each principal may do for at most a minute, and asks once for all who wait. A failed load is not
 * remembered and rejects: then nobody is let in whose permission is not known.
 */
export function createCachedPermissions(options: CachedPermissionsOptions): PermissionSource {
  const { load, now } = options;
  const ttlMs = Math.min(options.ttlMs ?? 60_000, 60_000);
  const entries = new LRUCache<string, Entry>({ max: options.size ?? 10_000 });
  const loading = new Map<string, Promise<GrantedPermissions>>();

  async function granted(principal: Principal, accessToken: string): Promise<GrantedPermissions> {
    const key = keyOf(principal);
    const entry = entries.get(key);
    if (entry && entry.until > now().getTime()) return entry.granted;
    const running = loading.get(key) ?? start(key, principal, accessToken);
    return running;
  }

  function start(key: string, principal: Principal, accessToken: string): Promise<GrantedPermissions> {
    // Aged from before the question, so that a grant withdrawn meanwhile is not used for longer.
    const until = now().getTime() + ttlMs;
    const promise = load(principal, accessToken)
      .then((answer) => {
        entries.set(key, { granted: answer, until });
        return answer;
      })
      .finally(() => loading.delete(key));
    loading.set(key, promise);
    return promise;
  }

  return {
    async isAllowed(principal: Principal, { resource, action }: Permission, accessToken: string) {
      const permissions = await granted(principal, accessToken);
      return Object.hasOwn(permissions, resource) && (permissions[resource] as readonly string[]).includes(action);
    },
  };
}

/** Claims hold no control characters (`verify-token.ts`), so the parts cannot run into each other. */
function keyOf({ issuer, tenantId, kind, subject, clientId }: Principal): string {
  return [issuer, tenantId ?? '', kind, subject, clientId].join('\n');
}
