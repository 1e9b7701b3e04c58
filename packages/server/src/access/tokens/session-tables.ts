import type { ColumnType, Generated } from 'kysely';

type Instant = ColumnType<string, Date, Date>;
type OptionalInstant = ColumnType<string | null, Date | null | undefined, Date | null>;

/** The second factors that exist. */
export type MfaKind = 'app' | 'email' | 'sms';

/** What logins leave behind; see migrations/0002-sessions.ts. Part of the directory: `with-directory.ts` is the door. */
export interface SessionTables {
  login_session: {
    tenant_id: string;
    id: string;
    kind: 'person' | 'application';
    subject: string;
    client_id: string;
    created_at: Instant;
    expires_at: Instant;
    ended_at: OptionalInstant;
    end_reason: string | null;
  };
  refresh_token: {
    tenant_id: string;
    token_hash: Buffer;
    session_id: string;
    issued_at: Instant;
    expires_at: Instant;
    used_at: OptionalInstant;
    access_jti: string;
    access_expires_at: Instant;
  };
  oidc_record: {
    tenant_id: string;
    kind: string;
    id_hash: Buffer;
    uid: string | null;
    grant_id: string | null;
    payload: string;
    expires_at: Instant;
    consumed_at: OptionalInstant;
    session_id: string | null;
  };
  known_source: { tenant_id: string; user_id: string; source: string; expires_at: Instant };
  password_reset: {
    tenant_id: string;
    token_hash: Buffer;
    user_id: string;
    email: string;
    created_at: Instant;
    expires_at: Instant;
  };
  revocation_feed: { only_row: Generated<boolean>; position: number };
  revoked_token: { tenant_id: string; jti: string; expires_at: Instant; position: number };
  user_mfa: {
    tenant_id: string;
    user_id: string;
    kind: MfaKind;
    state: 'pending' | 'verified' | 'enabled';
    preferred: Generated<boolean>;
    secret_sealed: Buffer | null;
    destination: string | null;
    last_step: Generated<number>;
    code_hmac: Buffer | null;
    code_expires_at: OptionalInstant;
    code_attempts: Generated<number>;
    created_at: Instant;
    updated_at: Instant;
  };
  recovery_code: {
    tenant_id: string;
    user_id: string;
    code_hmac: Buffer;
    created_at: Instant;
    used_at: OptionalInstant;
  };
  mfa_session: {
    tenant_id: string;
    token_hash: Buffer;
    user_id: string;
    client_id: string;
    created_at: Instant;
    expires_at: Instant;
    attempts: Generated<number>;
    sends: Generated<number>;
    code_kind: 'email' | 'sms' | null;
    code_hmac: Buffer | null;
    ended_at: OptionalInstant;
  };
  remembered_device: {
    tenant_id: string;
    token_hash: Buffer;
    user_id: string;
    created_at: Instant;
    expires_at: Instant;
  };
}
