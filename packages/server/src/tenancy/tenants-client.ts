import { isSafe } from '../http/safe-url.js';
import { OperatorError } from '../postgres/operator-error.js';
import type { NewTenant } from './creation/new-tenant.js';
import type { TenantStatus } from './tenant-record.js';

/** A tenant as the Tenant Manager's API answers it. */
export interface TenantAnswer {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly statusReason?: string;
  readonly isolation: 'database' | 'schema';
  readonly metadata: Readonly<Record<string, unknown>>;
  /** `clientId`: what its people log in with. */
  readonly owner?: { readonly email: string; readonly clientId: string };
  readonly application?: { readonly id: string; readonly clientId: string; readonly clientSecret?: string };
  readonly purgeAfter?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A refusal of the Tenant Manager: its own code and sentence. */
export class TenantsClientError extends Error {
  override readonly name = 'TenantsClientError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface TenantsClient {
  create(tenant: NewTenant): Promise<TenantAnswer>;
  get(id: string): Promise<TenantAnswer>;
  list(page?: { limit?: number; cursor?: string; status?: TenantStatus }): Promise<{
    items: TenantAnswer[];
    next_cursor?: string;
  }>;
  suspend(id: string): Promise<TenantAnswer>;
  reactivate(id: string): Promise<TenantAnswer>;
  delete(id: string): Promise<TenantAnswer>;
  /** Any other call: servers, operations, audit, associations. `undefined` when the answer has no body. */
  send<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** The same with the status: 201 made something, 200 found it made already. */
  ask<T>(method: string, path: string, body?: unknown): Promise<Answered<T>>;
}

export interface Answered<T> {
  readonly status: number;
  readonly answer: T;
}

export interface TenantsClientOptions {
  /** `http://127.0.0.1:4003`. Plain HTTP only to this machine: the key travels with each call. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Who is acting, for the audit: X-Operator. */
  readonly operator?: string;
  /** Default 30 s. */
  readonly timeoutMs?: number;
}

const answerBytesMax = 10 * 1024 * 1024;

/**
 * The operators' API of a running Tenant Manager. Every method rejects with TenantsClientError on a refusal.
 * @throws OperatorError for a URL on which others could read the key
 */
export function createTenantsClient(options: TenantsClientOptions): TenantsClient {
  const base = new URL(options.baseUrl);
  if (!isSafe(base))
    throw new OperatorError(`${base.origin}: the Tenant Manager must be reached over https, except on this machine`);

  const ask = async <T>(method: string, path: string, body?: unknown): Promise<Answered<T>> => {
    const response = await fetch(new URL(path, base), {
      method,
      headers: {
        'x-api-key': options.apiKey,
        ...(options.operator === undefined ? {} : { 'x-operator': options.operator }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(options.timeoutMs ?? 30_000),
    });
    const text = await readBounded(response);
    const answer = parse(text);
    if (response.ok) return { status: response.status, answer: answer as T };
    const { code, message } = (answer ?? {}) as { code?: string; message?: string };
    throw new TenantsClientError(
      response.status,
      code ?? '',
      message ?? `the Tenant Manager answered ${response.status}`,
    );
  };
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    (await ask<T>(method, path, body)).answer;
  const one = (id: string) => `/v1/tenants/${encodeURIComponent(id)}`;

  return Object.freeze({
    create: (tenant: NewTenant) => call<TenantAnswer>('POST', '/v1/tenants', tenant),
    get: (id: string) => call<TenantAnswer>('GET', one(id)),
    list(page: { limit?: number; cursor?: string; status?: TenantStatus } = {}) {
      const query = new URLSearchParams(
        Object.entries(page).flatMap(([key, value]) =>
          value === undefined ? [] : [[key, String(value)] as [string, string]],
        ),
      );
      return call<{ items: TenantAnswer[]; next_cursor?: string }>('GET', `/v1/tenants?${query}`);
    },
    suspend: (id: string) => call<TenantAnswer>('PUT', `${one(id)}/suspend`),
    reactivate: (id: string) => call<TenantAnswer>('PUT', `${one(id)}/reactivate`),
    delete: (id: string) => call<TenantAnswer>('DELETE', one(id)),
    send: call,
    ask,
  });
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > answerBytesMax) throw new Error('the answer of the Tenant Manager is larger than 10 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
