import type { RecordClaim, Remembered } from '../../storage/record-keys.js';
import { header, readTtl } from '../transactions/idempotency.js';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The client's own key; without one nothing is remembered (docs/adr/0006). */
export function recordClaimOf(headers: Headers, kind: RecordClaim['kind'], scopeId: string): RecordClaim | undefined {
  const key = header(headers, 'x-idempotency');
  return key === '' ? undefined : { scopeId, kind, key, ttlSeconds: readTtl(header(headers, 'x-ttl')) };
}

export const claimHeaders = {
  'X-Idempotency': 'A key of the client: a second call with it is answered like the first.',
  'X-TTL': 'For how many seconds the key is remembered; default 300.',
};

export const remembered = ({ answer, replayed }: Remembered) => ({
  status: 201,
  body: answer,
  headers: { 'X-Idempotency-Replayed': String(replayed) },
});

export const rememberedHeaders = {
  'X-Idempotency-Replayed': 'true when this is the remembered answer of an earlier call, else false.',
} as const;
