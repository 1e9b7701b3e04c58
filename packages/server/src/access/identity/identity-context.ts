import type { ClientSecrets } from '../credentials/client-secrets.js';
import type { Passwords } from '../credentials/passwords.js';
import type { AccessStore } from '../directory/with-directory.js';
import type { FailureLimiter } from '../login/failure-limiter.js';
import type { ChangeDirectory } from './change-directory.js';

/** What the routes of the Identity API work with. */
export interface Identity {
  readonly store: AccessStore;
  readonly change: ChangeDirectory;
  readonly passwords: Passwords;
  readonly secrets: ClientSecrets;
  /** Wrong old passwords by user and address. */
  readonly limiter: FailureLimiter;
  readonly now: () => Date;
  readonly newId: () => string;
}
