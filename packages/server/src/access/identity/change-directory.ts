import { type AccessContext, callerOf } from '../access-context.js';
import type { ChangeWork, CommitChange } from '../directory/commit-change.js';

/** What an administrator or a person does to the directory of their own tenant. */
export type ChangeDirectory = <T>(context: AccessContext, work: ChangeWork<T>) => Promise<T>;

/** The change of a caller: see `createCommitChange`. */
export function createChangeDirectory(commit: CommitChange): ChangeDirectory {
  return (context, work) => {
    const { tenantId, principal } = callerOf(context);
    return commit({ tenantId, actor: principal.subject, address: context.address }, work);
  };
}
