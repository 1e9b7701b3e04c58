import { hash } from 'node:crypto';
import { canonicalJson } from '../../../http/canonical-json.js';
import type { CreatePosting, IdempotencyClaim } from '../../posting/posting-types.js';
import type { TransactionInput } from './transaction-body.js';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const defaultTtlSeconds = 300;
/** A year: longer is no retry any more. */
const ttlSecondsMax = 31_536_000;

/**
 * Under which key this create is remembered (ledger-api §5.10): the client's own, or else one made from the route and
 * the normalised body. Undefined when the client sent none and implicit keys are switched off.
 */
export function claimOf(
  headers: Headers,
  route: string,
  posting: CreatePosting,
  implicit: boolean,
  body: TransactionInput,
): IdempotencyClaim | undefined {
  const key = header(headers, 'x-idempotency');
  const ttlSeconds = readTtl(header(headers, 'x-ttl'));
  if (key !== '') return { hash: explicitKeyHash(key), ttlSeconds };
  if (!implicit) return undefined;
  const parts = [canonicalJson(posting), ...onlySaid(body).map(canonicalJson)];
  return { hash: sha256('implicit', route, ...parts), ttlSeconds };
}

/** What a body says and a posting does not keep: two bodies that differ in it are two transactions all the same. */
function onlySaid({ code, send }: TransactionInput): unknown[] {
  const rates = [...send.source.from, ...send.distribute.to].map(({ rate }) => rate ?? null);
  return [...(code === undefined ? [] : [{ code }]), ...(rates.some((rate) => rate !== null) ? [{ rates }] : [])];
}

export function explicitKeyHash(key: string): Buffer {
  return sha256('explicit', key);
}

/** Of one entry of a batch that is remembered as a whole. */
export function batchEntryKeyHash(batchKey: string, index: number): Buffer {
  return sha256('batch', String(index), batchKey);
}

export function header(headers: Headers, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value)?.trim() ?? '';
}

/** Whole seconds; what is no positive number means the default. */
export function readTtl(text: string): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return seconds > 0 ? Math.min(seconds, ttlSecondsMax) : defaultTtlSeconds;
}

/** Kinds never meet: no text of one kind can be taken for one of another. */
function sha256(kind: string, ...parts: string[]): Buffer {
  return hash('sha256', [kind, ...parts].join('\0'), 'buffer');
}
