import type { TenantId } from '@cofferdam/core';

/** What the Access Manager does for a tenant. Handed in by `cli/`; idempotent, since a killed run repeats them. */
export interface AccessSeeder {
  /** Makes organization, groups, roles, the owner's user and, when asked for, the first application. */
  seed(seed: AccessSeed): Promise<void>;
  /** Rows of the tenant by table: what `purge` would remove. */
  count(tenantId: TenantId): Promise<readonly { readonly table: string; readonly rows: number }[]>;
  /** Removes every row of the tenant: users, applications, sessions. Called by the purge, after the books are gone. */
  purge(tenantId: TenantId): Promise<void>;
}

export interface AccessSeed {
  readonly tenantId: TenantId;
  readonly slug: string;
  readonly name: string;
  readonly owner: { readonly email: string; readonly passwordHash: string };
  /** Id of the client, without a secret, through which the tenant's people log in: a login finds its tenant by it. */
  readonly loginClientId: string;
  readonly application?: ApplicationSeed;
}

export type ApplicationRole = 'editor' | 'contributor' | 'viewer';

export interface ApplicationSeed {
  readonly id: string;
  readonly clientId: string;
  /** What is kept of the secret. */
  readonly secretHmac: Buffer;
  /** A free label. */
  readonly name: string;
  readonly role: ApplicationRole;
}

/** The parts of the Access Manager that make and judge secrets, so that tenancy needs no hash of its own. */
export interface SecretMaker {
  hashPassword(password: string): Promise<string>;
  /** What the password lacks, in words for the operator; empty when it may be used. */
  passwordShortcomings(password: string): string[];
  newApplicationCredentials(): {
    readonly clientId: string;
    /** Shown once, stored nowhere. */
    readonly clientSecret: string;
    readonly secretHmac: Buffer;
  };
}

/** The few levels used here; a pino logger fits. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
