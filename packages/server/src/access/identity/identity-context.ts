import type { ClientSecrets } from '../credentials/client-secrets.js';
import type { Passwords } from '../credentials/passwords.js';
import type { AccessStore } from '../directory/with-directory.js';
import type { AuditTrail } from '../login/audit-trail.js';
import type { FailureLimiter } from '../login/failure-limiter.js';
import type { SendCode } from '../login/send-code.js';
import type { MfaSettings } from '../mfa/mfa-settings.js';
import type { ChangeDirectory } from './change-directory.js';

/** What the routes of the Identity API work with. */
export interface Identity {
  readonly store: AccessStore;
  readonly change: ChangeDirectory;
  /** For what was refused: `change` records what was done. */
  readonly audit: AuditTrail;
  readonly passwords: Passwords;
  readonly secrets: ClientSecrets;
  /** Wrong passwords by user and address. */
  readonly limiter: FailureLimiter;
  readonly mfa: MfaSettings;
  /** Undefined: no codes by e-mail or SMS. */
  readonly sendCode: SendCode | undefined;
  /** What authenticator apps show. */
  readonly mfaIssuer: string;
  readonly now: () => Date;
  readonly newId: () => string;
}
