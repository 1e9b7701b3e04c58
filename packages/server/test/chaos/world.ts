import { type ConnectionSettings, toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { Program, temporaryDataFolder } from '../support/program.js';

const ownerPassword = 'Correct-horse-7-battery';
const apiKey = 'chaos-operator-key-0123456789';

export interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they assert
  readonly body: any;
}

export async function call(
  base: string,
  method: string,
  path: string,
  { token, body, headers }: { token?: string; body?: object | undefined; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: /^[[{]/.test(text) ? JSON.parse(text) : undefined };
}

export interface WorldTenant {
  readonly id: string;
  readonly database: string;
  readonly token: string;
}

/** A multi-tenant installation as a compiled program runs it, on PostgreSQL servers of the experiment's own. */
export class World {
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder = temporaryDataFolder();
  readonly #programs: Program[] = [];
  urls = { ledger: '', access: '', tenants: '' };

  constructor(admin: ConnectionSettings, more: Readonly<Record<string, string>> = {}) {
    this.environment = {
      MULTI_TENANT_ENABLED: 'true',
      DATABASE_URL: toDatabaseUrl(admin),
      COFFERDAM_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      TENANT_MANAGER_API_KEY: apiKey,
      ACCESS_ISSUER: 'https://access.test',
      COFFERDAM_DATA_DIR: this.#folder.path,
      LOG_LEVEL: 'info',
      ...more,
    };
  }

  /** Another process of the installation; requests of `operate` and `tenant` go to the first. */
  async start(
    more: Readonly<Record<string, string>> = {},
    program?: string,
  ): Promise<{ program: Program; url: string }> {
    const started = new Program(['serve'], {
      environment: { ...this.environment, ...more },
      ...(program === undefined ? {} : { program }),
    });
    this.#programs.push(started);
    const urls = await started.serving(90_000);
    if (this.urls.ledger === '') this.urls = urls;
    return { program: started, url: urls.ledger };
  }

  operate(method: string, path: string, body?: object): Promise<Answer> {
    return call(this.urls.tenants, method, path, { body, headers: { 'x-api-key': apiKey } });
  }

  async tenant(server?: string): Promise<WorldTenant> {
    const made = await this.operate('POST', '/v1/tenants', {
      name: 'Bank',
      slug: `s${crypto.randomUUID()}`,
      isolation: 'database',
      owner: { email: 'owner@example.com', password: ownerPassword },
      application: { name: 'chaos', role: 'editor' },
      ...(server === undefined ? {} : { placement: { server } }),
    });
    if (made.body?.status !== 'active') throw new Error(`no tenant: ${made.status} ${made.text}`);
    const { clientId, clientSecret } = made.body.application;
    const login = await call(this.urls.access, 'POST', '/v1/login/oauth/access_token', {
      body: { grantType: 'client_credentials', clientId, clientSecret },
    });
    if (login.status !== 200) throw new Error(`no token: ${login.status} ${login.text}`);
    return { id: made.body.id, database: `t_${made.body.id.replaceAll('-', '')}`, token: login.body.accessToken };
  }

  async remove(): Promise<void> {
    for (const program of this.#programs) {
      program.child.kill('SIGKILL');
      await program.finished;
    }
    this.#folder.remove();
  }
}
