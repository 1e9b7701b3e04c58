import type { seeded } from '../../isolation/support/seeded.js';
import type { Battlefield, Party } from './battlefield.js';

export type Random = ReturnType<typeof seeded>;
export type Listener = 'ledger' | 'access' | 'tenants';

/** One request, and what is wrong with its answer if anything. */
export interface Hostile {
  readonly listener: Listener;
  readonly method: string;
  readonly path: string;
  readonly headers?: readonly string[];
  readonly token?: string | undefined;
  readonly body?: unknown;
  /** Statuses that refuse, or that give the caller what is its own. 5xx never is among them. */
  readonly expected: readonly number[];
  /** Beside the common rules. */
  readonly judge?: (status: number, body: string) => string | undefined;
}

/** A threat as requests: `make` answers another one each time it is asked. */
export interface Family {
  readonly threat: string;
  readonly what: string;
  /** Relative share of the requests; each family gets its minimum all the same. */
  readonly weight: number;
  make(random: Random, caller: Party, victim: Party): Hostile;
}

export type FamilyMaker = (field: Battlefield) => Promise<readonly Family[]> | readonly Family[];

/** The whole text that goes over the wire. */
export function textOf({ method, path, headers = [], token, body }: Hostile): string {
  const payload = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: ledger.example']),
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(payload)}`]),
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${payload}`;
}

/** Refusals of a request whose token is not to be believed. */
export const unauthorized = [401] as const;
/** Whatever a caller may be told about things that are not its own. */
export const notTheirs = [400, 403, 404, 405, 409, 413, 415, 422] as const;
