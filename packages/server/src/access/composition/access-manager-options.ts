import type { FastifyBaseLogger } from 'fastify';
import type pg from 'pg';
import type { PasswordsOptions } from '../credentials/passwords.js';
import type { TokenAlgorithm } from '../directory/tables.js';
import type { SendCode } from '../login/send-code.js';
import type { TenantStatusPort } from '../login/tenant-status.js';
import type { SendMail } from '../senders/send-mail.js';

export interface AccessManagerOptions {
  /** Of the service login, search path `access` (access-database.ts). The caller ends it, after `close`. */
  readonly pool: pg.Pool;
  /** 32 bytes. */
  readonly encryptionKey: Buffer;
  readonly multiTenant: boolean;
  /** Claim `iss`, and the base of the URLs in discovery. */
  readonly issuer: string;
  /** Claim `env`. */
  readonly environmentName: string;
  readonly algorithm: TokenAlgorithm;
  readonly tenantStatus: TenantStatusPort;
  readonly trustedProxies: readonly string[];
  readonly version: string;
  readonly logger: FastifyBaseLogger;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Delivers codes by e-mail and SMS; absent: those second factors are not offered at a login. */
  readonly sendCode?: SendCode;
  /** Delivers e-mails; absent: nobody can ask for a new password. */
  readonly sendMail?: SendMail;
  /** What services in other processes send in `X-API-Key`. Default: derived from the encryption key. */
  readonly serviceKey?: string;
  /** How long audit events are kept, at least 30 days. Default 365. */
  readonly auditRetentionDays?: number;
  /** How much of the machine password hashes may take. */
  readonly passwords?: PasswordsOptions;
}
