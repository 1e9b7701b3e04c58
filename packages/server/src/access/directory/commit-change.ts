import type { TenantId } from '@cofferdam/core';
import { type AuditEvent, insertAuditEvent } from './audit-events.js';
import { recordChange } from './directory-changes.js';
import type { Subject } from './subject-roles.js';
import { type AccessStore, type DirectoryTx, withDirectory } from './with-directory.js';

export interface CommitChangeOptions {
  readonly store: AccessStore;
  /** What this process remembers of them. */
  readonly subjects: { forget(tenantId: TenantId, subject: Subject): void };
  /** Reads the revocations anew: this process must know of its own at once. */
  readonly onRevoked: () => Promise<void>;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface Change<T> {
  readonly answer: T;
  /** For the audit: what was done, and to whom. */
  readonly event: Pick<AuditEvent, 'kind'> & {
    readonly reason: string;
    readonly target: string;
    /** Default `ok`: what was refused is thrown and changes nothing. */
    readonly result?: 'failed';
  };
  /** Who may do something else now. */
  readonly changed?: Subject;
}

export type ChangeWork<T> = (tx: DirectoryTx, now: Date) => Promise<Change<T>>;

/** Where a change happens and whose it is: undefined for somebody who has no token, and then `target` tells. */
export interface ChangeAuthor {
  readonly tenantId: TenantId;
  readonly actor: string | undefined;
  readonly address: string;
}

export type CommitChange = <T>(author: ChangeAuthor, work: ChangeWork<T>) => Promise<T>;

/**
 * One commit: the change, its audit event, and the word of it for every process. Afterwards this process has forgotten
 * what it remembered of the subject.
 */
export function createCommitChange(options: CommitChangeOptions): CommitChange {
  const { store, subjects, onRevoked, now, newId } = options;
  return async ({ tenantId, actor, address }, work) => {
    const { answer, changed } = await withDirectory(store, tenantId, async (tx) => {
      const at = now();
      const change = await work(tx, at);
      const by = { ...(actor !== undefined && { actor }), address };
      await insertAuditEvent(tx, newId(), at, { result: 'ok', ...change.event, ...by });
      if (change.changed !== undefined) await recordChange(tx, change.changed, at);
      return change;
    });
    if (changed !== undefined) {
      subjects.forget(tenantId, changed);
      await onRevoked();
    }
    return answer;
  };
}
