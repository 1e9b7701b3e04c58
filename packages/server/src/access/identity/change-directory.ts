import { type AccessContext, callerOf } from '../access-context.js';
import { type AuditEvent, insertAuditEvent } from '../directory/audit-events.js';
import { recordChange } from '../directory/directory-changes.js';
import type { Subject } from '../directory/subject-roles.js';
import { type AccessStore, type DirectoryTx, withDirectory } from '../directory/with-directory.js';
import type { Subjects } from '../permissions/subjects.js';

export interface ChangeDirectoryOptions {
  readonly store: AccessStore;
  readonly subjects: Subjects;
  /** Reads the revocations anew: this process must know of its own at once. */
  readonly onRevoked: () => Promise<void>;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface Change<T> {
  readonly answer: T;
  /** For the audit: what was done, and to whom. */
  readonly event: Pick<AuditEvent, 'kind'> & { readonly reason: string; readonly target: string };
  /** Who may do something else now. */
  readonly changed?: Subject;
}

/** What an administrator or a person does to the directory of their own tenant. */
export type ChangeDirectory = <T>(
  context: AccessContext,
  work: (tx: DirectoryTx, now: Date) => Promise<Change<T>>,
) => Promise<T>;

/**
 * One commit: the change, its audit event, and the word of it for every process. Afterwards this process has forgotten
 * what it remembered of the subject.
 */
export function createChangeDirectory(options: ChangeDirectoryOptions): ChangeDirectory {
  const { store, subjects, onRevoked, now, newId } = options;
  return async (context, work) => {
    const { tenantId, principal } = callerOf(context);
    const { answer, changed } = await withDirectory(store, tenantId, async (tx) => {
      const at = now();
      const change = await work(tx, at);
      const { address } = context;
      await insertAuditEvent(tx, newId(), at, { ...change.event, result: 'ok', actor: principal.subject, address });
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
