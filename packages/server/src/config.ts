import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { isLoopback, isSafe } from './http/safe-url.js';
import { urlsOfAddresses } from './postgres/connection-settings.js';

/** A setting that cannot be used: one sentence saying what is wrong and what would be right. Ends the start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The parts that one process may run (contract, "Parts and ports"). */
export const allParts = ['ledger', 'access', 'tenants'] as const;
export type Part = (typeof allParts)[number];

/**
 * Every variable that is read, with its default and its meaning: the source of `--help`, of docs/configuration.md and of
 * the parser below. Nothing outside this file and `cli/` sees the environment.
 */
export const variables = {
  DATABASE_URL: [
    '',
    'administrative PostgreSQL connection, of a primary and its replicas as …@a:5432,b:5432/…; unset: an embedded PostgreSQL in the data folder',
  ],
  COFFERDAM_DATA_DIR: ['./.cofferdam', 'embedded database and generated local secrets (mode 0600)'],
  CONTROL_DATABASE_URL: [
    '',
    'control database for a ledger or access process that runs alone (made by the tenants part)',
  ],
  ACCESS_DATABASE_URL: ['', 'access database for an access process that runs alone (made by the tenants part)'],
  COFFERDAM_ENCRYPTION_KEY: ['', '32 bytes in base64; generated into the data folder; required with a database URL'],
  MULTI_TENANT_ENABLED: ['false', 'many tenants, each request routed by its verified token; requires authentication'],
  PLUGIN_AUTH_ENABLED: ['', 'verify tokens and permissions; default: the value of MULTI_TENANT_ENABLED'],
  PLUGIN_AUTH_ADDRESS: ['', 'base URL of the Access Manager; unset: the bundled one'],
  ACCESS_ISSUER: ['', "public issuer of tokens; default: the Access Manager's own URL"],
  ACCESS_TOKEN_ALGORITHM: ['RS256', 'RS256, ES256 or EdDSA: what new signing keys are made for'],
  SERVER_PORT: ['3002', 'port of the ledger'],
  ACCESS_PORT: ['4000', 'port of the Access Manager'],
  TENANTS_PORT: [
    '4003',
    'port of the operators: tenants and metrics; loopback only unless TENANTS_BIND_ADDRESS says otherwise',
  ],
  BIND_ADDRESS: ['127.0.0.1', 'address that the ledger and the Access Manager listen on'],
  TENANTS_BIND_ADDRESS: ['127.0.0.1', 'address that the operators’ listener is bound to'],
  TRUSTED_PROXIES: ['', 'comma-separated addresses or networks whose X-Forwarded-For is believed'],
  ENV_NAME: [
    'local',
    'name of the environment, a claim of every token; `production` forbids deleting organizations and ledgers; outside `local` databases on other machines need TLS (sslmode in their URLs)',
  ],
  MAX_PAGINATION_LIMIT: ['100', 'largest `limit` of a list'],
  MAX_PAGINATION_MONTH_DATE_RANGE: [
    '1',
    'months that transaction and operation lists cover when no dates are given; 0: no limit',
  ],
  TENANT_ISOLATION: ['database', 'default for new tenants: database or schema'],
  TENANT_MANAGER_API_KEY: ['', 'key for X-API-Key on the Tenant Manager; generated into the data folder'],
  ACCESS_SERVICE_KEY: [
    '',
    'key by which a ledger alone reads revocations and changes from the Access Manager; default: derived from the encryption key',
  ],
  TRUSTED_ISSUERS_FILE: [
    '',
    'JSON list of external OpenID Connect issuers whose tokens the ledger takes, each for the tenants it names; see docs/access-manager.md',
  ],
  AUDIT_RETENTION_DAYS: ['365', 'days that security events are kept, 30 at least; older ones are removed'],
  SMTP_URL: [
    '',
    'mail server for codes, smtp://user:password@host:587 (STARTTLS) or smtps://…; unset: files in the data folder, in production none',
  ],
  SMTP_FROM: ['cofferdam@localhost', 'sender address of e-mails'],
  TENANT_POOLERS: [
    '',
    'PgBouncers in transaction mode to reach tenants through: server=pooler, each host:port, separated by commas; see docs/multi-tenancy.md',
  ],
  TENANT_SPARES: [
    '0',
    'databases and schemas made ahead on each server, that many of each: a new tenant takes one by renaming it',
  ],
  TENANT_RETENTION_DAYS: ['30', 'days that the data of a deleted tenant is kept before the purge; 0 purges at once'],
  MULTI_TENANT_MAX_CONNECTIONS: [
    '200',
    'connections of this process to one PostgreSQL server for all its tenants together, never more; times the processes at most 80 % of the server’s max_connections',
  ],
  MULTI_TENANT_MAX_OPEN_CONNS_PER_TENANT: [
    '2',
    'connections of one tenant in this process; the second and further ones only while the budget has room',
  ],
  MULTI_TENANT_MAX_TENANT_POOLS: [
    '2000',
    'tenants that this process keeps a pool for, with or without connections, before the idlest is closed',
  ],
  MULTI_TENANT_METRICS_TENANTS: [
    '50',
    'tenants with a label of their own in metrics, the busiest; the rest share the label `other`',
  ],
  SHUTDOWN_DELAY_SECONDS: [
    '0',
    'after SIGTERM requests are still served for so long, while /readyz answers 503 and every answer closes its connection: longer than the balancer takes to notice',
  ],
  IMPLICIT_IDEMPOTENCY: ['true', 'identical transaction bodies without a key within 300 s are one transaction'],
  OTEL_EXPORTER_OTLP_ENDPOINT: [
    '',
    'base URL of an OpenTelemetry collector (OTLP over HTTP) that traces are sent to, e.g. http://127.0.0.1:4318; unset: no traces, nothing loaded',
  ],
  OTEL_SERVICE_NAME: ['cofferdam', 'name of this program in traces'],
  LOG_LEVEL: ['info', 'trace, debug, info, warn, error or silent'],
} as const satisfies Record<string, readonly [fallback: string, meaning: string]>;

export type Variable = keyof typeof variables;
type Environment = Readonly<Record<string, string | undefined>>;

/** The settings a server runs with. Frozen; handed down from `cli/` piece by piece. */
export type Config = ReturnType<typeof readConfig>;

/**
 * Reads and checks the whole environment once.
 * @throws ConfigError naming the variable, what is wrong with it and what would be right.
 */
export function readConfig(environment: Environment, parts: ReadonlySet<Part> = new Set(allParts)) {
  // Empty counts as unset, except for PLUGIN_AUTH_ADDRESS, where an empty address means "not checked" in the original.
  const text = (name: Variable): string => environment[name] || variables[name][0];
  const optional = (name: Variable): string | undefined => environment[name] || undefined;

  const databaseUrl = postgresUrl('DATABASE_URL', optional('DATABASE_URL'));
  const controlDatabaseUrl = postgresUrl('CONTROL_DATABASE_URL', optional('CONTROL_DATABASE_URL'));
  const accessDatabaseUrl = postgresUrl('ACCESS_DATABASE_URL', optional('ACCESS_DATABASE_URL'));
  const encryptionKey = key('COFFERDAM_ENCRYPTION_KEY', optional('COFFERDAM_ENCRYPTION_KEY'));
  if (!encryptionKey && (databaseUrl ?? controlDatabaseUrl ?? accessDatabaseUrl)) {
    throw new ConfigError(
      'COFFERDAM_ENCRYPTION_KEY is missing: with a database URL set it must be 32 bytes in base64, the same for every process (make one with `openssl rand -base64 32`).',
    );
  }

  const multiTenant = yesNo('MULTI_TENANT_ENABLED', text('MULTI_TENANT_ENABLED'));
  const authEnabled = yesNo('PLUGIN_AUTH_ENABLED', optional('PLUGIN_AUTH_ENABLED') ?? String(multiTenant));
  if (multiTenant && !authEnabled) {
    throw new ConfigError(
      'PLUGIN_AUTH_ENABLED is false while MULTI_TENANT_ENABLED is true: the tenant comes from a verified token, so leave PLUGIN_AUTH_ENABLED unset or set it to true.',
    );
  }
  if (authEnabled && environment['PLUGIN_AUTH_ADDRESS'] === '') {
    throw new ConfigError(
      'PLUGIN_AUTH_ADDRESS is empty while authentication is on: unset it to use the bundled Access Manager, or give its base URL, e.g. https://access.example.com.',
    );
  }
  const authAddress = httpUrl('PLUGIN_AUTH_ADDRESS', optional('PLUGIN_AUTH_ADDRESS'));
  if (authEnabled && !authAddress && !parts.has('access')) {
    throw new ConfigError(
      'PLUGIN_AUTH_ADDRESS is missing: this process does not run the Access Manager (--parts), so give the base URL of the one it should trust.',
    );
  }

  const environmentName = matching(
    'ENV_NAME',
    text('ENV_NAME'),
    /^[a-z][a-z0-9-]{0,31}$/,
    'lower-case letters, digits and -',
  );
  if (environmentName !== 'local')
    for (const [name, url] of Object.entries({
      DATABASE_URL: databaseUrl,
      CONTROL_DATABASE_URL: controlDatabaseUrl,
      ACCESS_DATABASE_URL: accessDatabaseUrl,
    }))
      for (const each of url === undefined ? [] : urlsOfAddresses(url)) requireTls(name, each, environmentName);

  const ports = {
    ledger: port('SERVER_PORT', text('SERVER_PORT')),
    access: port('ACCESS_PORT', text('ACCESS_PORT')),
    tenants: port('TENANTS_PORT', text('TENANTS_PORT')),
  };
  const bindAddress = address('BIND_ADDRESS', text('BIND_ADDRESS'));

  return Object.freeze({
    dataDirectory: resolve(text('COFFERDAM_DATA_DIR')),
    databaseUrl,
    controlDatabaseUrl,
    accessDatabaseUrl,
    /** 32 bytes; undefined: kept in the data folder. */
    encryptionKey,
    multiTenant,
    authEnabled,
    /** Undefined: the bundled Access Manager. */
    authAddress,
    issuer: httpUrl('ACCESS_ISSUER', optional('ACCESS_ISSUER')) ?? authAddress ?? `http://localhost:${ports.access}`,
    tokenAlgorithm: oneOf('ACCESS_TOKEN_ALGORITHM', text('ACCESS_TOKEN_ALGORITHM'), ['RS256', 'ES256', 'EdDSA']),
    environmentName,
    bindAddress,
    tenantsBindAddress: address('TENANTS_BIND_ADDRESS', text('TENANTS_BIND_ADDRESS')),
    ports,
    parts,
    trustedProxies: list('TRUSTED_PROXIES', text('TRUSTED_PROXIES')),
    pageLimitMax: integer('MAX_PAGINATION_LIMIT', text('MAX_PAGINATION_LIMIT'), 1, 10_000),
    /** Months; 0: no limit. */
    monthRangeMax: integer('MAX_PAGINATION_MONTH_DATE_RANGE', text('MAX_PAGINATION_MONTH_DATE_RANGE'), 0, 1_200),
    defaultIsolation: oneOf('TENANT_ISOLATION', text('TENANT_ISOLATION'), ['database', 'schema']),
    /** Undefined: kept in the data folder. */
    tenantManagerApiKey: apiKey('TENANT_MANAGER_API_KEY', optional('TENANT_MANAGER_API_KEY')),
    /** Undefined: derived from the encryption key. */
    accessServiceKey: apiKey('ACCESS_SERVICE_KEY', optional('ACCESS_SERVICE_KEY')),
    trustedIssuersFile: optional('TRUSTED_ISSUERS_FILE'),
    auditRetentionDays: integer('AUDIT_RETENTION_DAYS', text('AUDIT_RETENTION_DAYS'), 30, 36_500),
    smtpUrl: smtpUrl('SMTP_URL', optional('SMTP_URL')),
    smtpFrom: matching('SMTP_FROM', text('SMTP_FROM'), /^[^\s@<>,;"]+@[^\s@<>,;"]+$/, 'an e-mail address'),
    tenantSpares: integer('TENANT_SPARES', text('TENANT_SPARES'), 0, 1_000),
    /** By the host:port of the server behind. */
    tenantPoolers: poolers('TENANT_POOLERS', text('TENANT_POOLERS')),
    retentionDays: integer('TENANT_RETENTION_DAYS', text('TENANT_RETENTION_DAYS'), 0, 36_500),
    tenantPoolsMax: integer('MULTI_TENANT_MAX_TENANT_POOLS', text('MULTI_TENANT_MAX_TENANT_POOLS'), 1, 100_000),
    tenantConnectionsMax: integer(
      'MULTI_TENANT_MAX_OPEN_CONNS_PER_TENANT',
      text('MULTI_TENANT_MAX_OPEN_CONNS_PER_TENANT'),
      1,
      200,
    ),
    connectionBudget: integer('MULTI_TENANT_MAX_CONNECTIONS', text('MULTI_TENANT_MAX_CONNECTIONS'), 1, 10_000),
    metricsTenantsMax: integer('MULTI_TENANT_METRICS_TENANTS', text('MULTI_TENANT_METRICS_TENANTS'), 0, 10_000),
    shutdownDelaySeconds: integer('SHUTDOWN_DELAY_SECONDS', text('SHUTDOWN_DELAY_SECONDS'), 0, 300),
    implicitIdempotency: yesNo('IMPLICIT_IDEMPOTENCY', text('IMPLICIT_IDEMPOTENCY')),
    otlpEndpoint: otlpUrl('OTEL_EXPORTER_OTLP_ENDPOINT', optional('OTEL_EXPORTER_OTLP_ENDPOINT')),
    otelServiceName: text('OTEL_SERVICE_NAME'),
    logLevel: oneOf('LOG_LEVEL', text('LOG_LEVEL'), ['trace', 'debug', 'info', 'warn', 'error', 'silent']),
  });
}

/** What is not wrong but probably not meant, in sentences for the log of a start. */
export function doubtsAbout(environment: Environment, config: Config): string[] {
  const unknown = Object.keys(environment).filter((name) => name.startsWith('MULTI_TENANT_') && !(name in variables));
  return [
    ...unknown.map(
      (name) => `${name} is not a setting of this program and has no effect; see --help for those that are.`,
    ),
    ...(config.environmentName !== 'local' &&
    /[?&]sslmode=disable/.test(config.databaseUrl ?? config.controlDatabaseUrl ?? '')
      ? [
          'PostgreSQL is reached without TLS (sslmode=disable): books and credentials can be read on the way. Use sslmode=verify-full unless nobody else is on that network.',
        ]
      : []),
    ...(config.environmentName === 'production' && !config.authEnabled
      ? [
          'ENV_NAME is production and authentication is off: whoever reaches the port may read and post. Set PLUGIN_AUTH_ENABLED=true.',
        ]
      : []),
  ];
}

/** `--parts ledger,access`. */
export function readParts(text: string | undefined): ReadonlySet<Part> {
  if (text === undefined) return new Set(allParts);
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) oneOf('--parts', name, allParts);
  return new Set(names as Part[]);
}

function wrong(name: string, value: string, right: string): ConfigError {
  return new ConfigError(`${name} is ${JSON.stringify(value)}: it must be ${right}.`);
}

function yesNo(name: string, value: string): boolean {
  return oneOf(name, value.toLowerCase(), ['true', 'false']) === 'true';
}

function oneOf<const T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(name, value, choices.join(', ').replace(/, ([^,]*)$/, ' or $1'));
  return found;
}

function integer(name: string, value: string, min: number, max: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) throw wrong(name, value, `a whole number from ${min} to ${max}`);
  return number;
}

/** 0 lets the system choose, for tests. */
function port(name: string, value: string): number {
  return integer(name, value, 0, 65_535);
}

function matching(name: string, value: string, pattern: RegExp, words: string): string {
  if (!pattern.test(value)) throw wrong(name, value, `${words} (${pattern.source})`);
  return value;
}

function address(name: string, value: string): string {
  if (isIP(value) === 0 && value !== 'localhost') throw wrong(name, value, 'an IP address, e.g. 127.0.0.1 or 0.0.0.0');
  return value;
}

function list(name: string, value: string): readonly string[] {
  const entries = value.split(',').flatMap((entry) => entry.trim() || []);
  for (const entry of entries) {
    const [ip = '', bits] = entry.split('/');
    if (isIP(ip) === 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) {
      throw wrong(name, entry, 'addresses or networks such as 10.0.0.0/8, separated by commas');
    }
  }
  return entries;
}

function key(name: string, value: string | undefined): Buffer | undefined {
  if (value === undefined) return undefined;
  const bytes = Buffer.from(value, 'base64');
  // The value itself is a secret: not repeated.
  if (bytes.length !== 32)
    throw new ConfigError(`${name} must be 32 bytes in base64 (make one with \`openssl rand -base64 32\`).`);
  return bytes;
}

function apiKey(name: string, value: string | undefined): string | undefined {
  if (value !== undefined && value.length < 16)
    throw new ConfigError(`${name} is too short: give at least 16 characters.`);
  return value;
}

function postgresUrl(name: string, value: string | undefined): string | undefined {
  // May hold a password: not repeated.
  if (value !== undefined && !/^postgres(ql)?:\/\/./.test(value)) {
    throw new ConfigError(`${name} must be a PostgreSQL URL, e.g. postgres://user:password@host:5432/postgres.`);
  }
  return value;
}

/** Books and credentials travel on this line (tenancy X-43): in the clear to this machine or a socket only. */
function requireTls(name: string, value: string, environmentName: string): void {
  if (!URL.canParse(value)) return;
  const { hostname, searchParams } = new URL(value);
  const host = searchParams.get('host') ?? hostname;
  const isHere = host.startsWith('/') || isLoopback(host);
  // An explicit `disable` is the operator's word that the network is theirs alone; the start doubts it aloud.
  if (isHere || ['require', 'verify-ca', 'verify-full', 'disable'].includes(searchParams.get('sslmode') ?? '')) return;
  throw new ConfigError(
    `${name} leads to another machine without TLS, and ENV_NAME is ${environmentName}: add ?sslmode=verify-full (or require); sslmode=disable only on a network that is yours alone.`,
  );
}

function poolers(name: string, value: string): ReadonlyMap<string, { host: string; port: number }> {
  const pairs = value.split(',').flatMap((entry) => entry.trim() || []);
  return new Map(
    pairs.map((pair) => {
      const [, server, host, port] = /^([^=\s]+:\d{1,5})=([^=\s]+):(\d{1,5})$/.exec(pair) ?? [];
      if (server === undefined || host === undefined)
        throw wrong(name, pair, 'server=pooler, both as host:port, e.g. db.example.com:5432=127.0.0.1:6432');
      return [server, { host, port: Number(port) }];
    }),
  );
}

function smtpUrl(name: string, value: string | undefined): string | undefined {
  // May hold a password: not repeated.
  if (value !== undefined && !(URL.canParse(value) && /^smtps?:\/\/./.test(value)))
    throw new ConfigError(`${name} must be an SMTP URL, e.g. smtp://user:password@mail.example.com:587.`);
  return value;
}

/** A collector stands inside the trust boundary, often on the same machine: plain HTTP is the rule there. */
function otlpUrl(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw wrong(name, value, 'an http or https URL');
  return value.replace(/\/+$/, '');
}

function httpUrl(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw wrong(name, value, 'an http or https URL');
  if (url.protocol === 'http:' && !isSafe(url)) throw wrong(name, value, 'https unless the host is loopback');
  return value.replace(/\/+$/, '');
}
