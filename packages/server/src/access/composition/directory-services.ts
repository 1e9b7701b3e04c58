import type { DirectoryFeed } from '../../http/directory-feed.js';
import { type ClientSecrets, createClientSecrets } from '../credentials/client-secrets.js';
import { createPasswords, type Passwords } from '../credentials/passwords.js';
import { type CommitChange, createCommitChange } from '../directory/commit-change.js';
import type { AccessStore } from '../directory/with-directory.js';
import { createChangeDirectory } from '../identity/change-directory.js';
import type { Identity } from '../identity/identity-context.js';
import { type AuditTrail, createAuditTrail } from '../login/audit-trail.js';
import { createFailureLimiter } from '../login/failure-limiter.js';
import { createMfaSecrets, type MfaSecrets } from '../mfa/mfa-secrets.js';
import { createMfaSettings, type MfaSettings } from '../mfa/mfa-settings.js';
import type { Subjects } from '../permissions/subjects.js';
import { createWatchedSubjects } from '../permissions/watched-subjects.js';
import type { AccessManagerOptions } from './access-manager-options.js';
import type { TokenCore } from './token-core.js';

/** Who there is, what they may do, how they prove who they are, and what is written down of it. */
export interface DirectoryServices {
  readonly subjects: Subjects;
  readonly changes: DirectoryFeed;
  readonly passwords: Passwords;
  readonly secrets: ClientSecrets;
  readonly mfaSecrets: MfaSecrets;
  readonly mfaSettings: MfaSettings;
  readonly audit: AuditTrail;
  readonly commit: CommitChange;
}

export function createDirectoryServices(
  store: AccessStore,
  { onRevoked }: TokenCore,
  options: AccessManagerOptions,
): DirectoryServices {
  const { encryptionKey, logger, now, newId } = options;
  const { subjects, changes } = createWatchedSubjects({
    store,
    now,
    onError: (error) => logger.warn({ err: error }, 'the changes of the directory cannot be read'),
  });
  const mfaSecrets = createMfaSecrets(encryptionKey);
  return {
    subjects,
    changes,
    passwords: createPasswords(options.passwords),
    secrets: createClientSecrets(encryptionKey, newId),
    mfaSecrets,
    mfaSettings: createMfaSettings(mfaSecrets, now),
    audit: createAuditTrail({ store, now, newId, log: logger }),
    commit: createCommitChange({ store, subjects, onRevoked, now, newId }),
  };
}

/** What the routes of the Identity API work with. */
export function createIdentity(
  store: AccessStore,
  { commit, audit, passwords, secrets, mfaSettings }: DirectoryServices,
  { issuer, sendCode, now, newId }: AccessManagerOptions,
): Identity {
  return {
    store,
    change: createChangeDirectory(commit),
    audit,
    passwords,
    secrets,
    limiter: createFailureLimiter({ now, what: 'wrong passwords' }),
    mfa: mfaSettings,
    sendCode,
    mfaIssuer: new URL(issuer).hostname,
    now,
    newId,
  };
}
