/** The settings a server runs with: see `readConfig`. Handed down from `cli/`; nothing else reads process.env. */
export interface Config {
  readonly dataDirectory: string;
  /** Undefined: an embedded PostgreSQL is started in the data folder. */
  readonly databaseUrl: string | undefined;
  readonly controlDatabaseUrl: string | undefined;
  readonly accessDatabaseUrl: string | undefined;
  /** 32 bytes, from the environment or the data folder. */
  readonly encryptionKey: Buffer;
  readonly multiTenant: boolean;
  readonly auth:
    | { readonly enabled: false }
    | { readonly enabled: true /** undefined: the bundled Access Manager */; readonly address: string | undefined };
  readonly issuer: string;
  readonly environmentName: string;
  readonly bindAddress: string;
  readonly ports: { readonly ledger: number; readonly access: number; readonly tenants: number };
  readonly parts: ReadonlySet<'ledger' | 'access' | 'tenants'>;
  readonly trustedProxies: readonly string[];
  readonly paginationLimitMax: number;
  /** 0: unlimited. */
  readonly paginationMonthRangeMax: number;
  readonly defaultIsolation: 'database' | 'schema';
  readonly tenantManagerApiKey: string;
  readonly retentionDays: number;
  readonly implicitIdempotency: boolean;
  readonly logLevel: string;
}
