import type { ColumnType, Generated } from 'kysely';
import type { ApplicationRole } from '../permissions/roles.js';
import type { SessionTables } from '../tokens/session-tables.js';

/** Instants are written as Date and read as RFC 3339 text (postgres/type-parsers.ts). */
type Instant = ColumnType<string, Date, Date>;
type OptionalInstant = ColumnType<string | null, Date | null | undefined, Date | null>;

export type TokenAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

/** What belongs to the installation and to no tenant. */
export interface InstallationTables {
  signing_key: {
    kid: string;
    algorithm: TokenAlgorithm;
    public_jwk: ColumnType<unknown, string, never>;
    private_key_sealed: Buffer;
    state: 'upcoming' | 'active' | 'retiring';
    created_at: Instant;
    publish_until: OptionalInstant;
    /** Set for keys that were published before they signed. */
    activate_at: OptionalInstant;
  };
}

/** The user directory; see migrations/0001-directory.ts. Only `with-directory.ts` hands it out. */
export interface DirectoryTables extends SessionTables {
  tenant_directory: {
    tenant_id: string;
    slug: string;
    name: string;
    owner_organization: string;
    created_at: Instant;
  };
  app_user: {
    tenant_id: string;
    id: string;
    username: string;
    email: string;
    email_verified: Generated<boolean>;
    first_name: Generated<string>;
    last_name: Generated<string>;
    password_hash: string;
    disabled_at: OptionalInstant;
    created_at: Instant;
    updated_at: Instant;
  };
  user_group: { tenant_id: string; id: string; name: string; created_at: Instant };
  user_group_membership: { tenant_id: string; user_id: string; group_id: string };
  group_role: { tenant_id: string; group_id: string; role: string };
  application: {
    tenant_id: string;
    id: string;
    client_id: string;
    secret_hmac: Buffer | null;
    secret_previous_hmac: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>;
    secret_previous_until: OptionalInstant;
    allowed_addresses: Generated<string[]>;
    name: string;
    description: Generated<string>;
    product: Generated<string>;
    role: ApplicationRole | null;
    is_system: Generated<boolean>;
    redirect_uris: Generated<string[]>;
    expires_at: OptionalInstant;
    disabled_at: OptionalInstant;
    created_at: Instant;
    updated_at: Instant;
  };
  audit_event: {
    tenant_id: string;
    id: string;
    at: Instant;
    kind: string;
    result: string;
    reason: string | null;
    actor: string | null;
    address: string | null;
    target: string | null;
  };
  directory_feed: { only_row: Generated<boolean>; position: number };
  directory_change: {
    tenant_id: string;
    position: number;
    kind: 'person' | 'application';
    subject: string;
    changed_at: Instant;
  };
}
