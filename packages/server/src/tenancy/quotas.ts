import { LedgerError, type TenantId } from '@cofferdam/core';
import { Counter, type Registry } from 'prom-client';
import type { QuotaGate } from '../http/quota-gate.js';
import type { Catalogue } from './catalogue-reader.js';
import type { TenantConfig } from './tenant-config.js';
import type { TenantLabels } from './tenant-labels.js';

/** What one tenant may use of one process. Absent: no bound. */
export interface TenantQuotas {
  /** Requests a second in the long run. */
  readonly requestsPerSecond?: number;
  /** Requests at once after a pause; default: those of one second. At least those of a tenth of a second (`http/throttle.ts`). */
  readonly burst?: number;
  /** Requests that change something (all methods but GET and HEAD) under way at the same time. */
  readonly concurrentPosts?: number;
}

interface Use {
  quotas: TenantQuotas;
  tokens: number;
  filledAt: number;
  writing: number;
}

export interface QuotaOptions {
  readonly catalogue: Pick<Catalogue<TenantConfig>, 'peek' | 'onChange'>;
  readonly registry?: Registry;
  readonly labels?: TenantLabels;
  /** Milliseconds of a clock that never jumps. */
  readonly clock?: () => number;
}

/**
 * Holds each tenant to its quotas in this process (tenancy X-40): a token bucket and a count, no remote call. Only tenants
 * that have quotas take memory here.
 */
export function createQuotas(options: QuotaOptions): QuotaGate {
  const { catalogue, clock = () => performance.now() } = options;
  const errors = quotaErrors();
  const uses = new Map<TenantId, Use>();
  const refused = options.registry && refusalCounter(options.registry);

  catalogue.onChange(({ id, quotas, status }) => {
    const use = uses.get(id);
    if (use === undefined) return;
    // What is under way still counts; only the bounds are new.
    if ((quotas === undefined || status === 'deleted') && use.writing === 0) uses.delete(id);
    else {
      const hadRate = use.quotas.requestsPerSecond !== undefined;
      use.quotas = quotas ?? {};
      if (!hadRate) [use.tokens, use.filledAt] = [burstOf(use.quotas), clock()];
    }
  });

  const useOf = (id: TenantId): Use | undefined => {
    const known = uses.get(id);
    if (known !== undefined) return known;
    const quotas = catalogue.peek(id)?.quotas;
    if (quotas === undefined) return undefined;
    const use = { quotas, tokens: burstOf(quotas), filledAt: clock(), writing: 0 };
    uses.set(id, use);
    return use;
  };

  const count = (id: TenantId, quota: string): void =>
    refused?.inc({ tenant_id: options.labels?.peek(id) ?? 'other', quota });
  const refuse = (id: TenantId, quota: string, error: LedgerError): never => {
    count(id, quota);
    throw error;
  };

  /** What lacks until the next request may come in, in seconds; 0: it may now. */
  const fill = (use: Use): number => {
    const { requestsPerSecond: rate } = use.quotas;
    if (rate === undefined) return 0;
    const now = clock();
    use.tokens = Math.min(burstOf(use.quotas), use.tokens + ((now - use.filledAt) * rate) / 1000);
    use.filledAt = now;
    return use.tokens >= 1 ? 0 : (1 - use.tokens) / rate;
  };

  const takeToken = (id: TenantId, use: Use): void => {
    // Without a rate nothing is taken: it would be a debt when there is one again.
    if (use.quotas.requestsPerSecond === undefined) return;
    const seconds = fill(use);
    if (seconds === 0) use.tokens -= 1;
    else refuse(id, 'requests', errors.tooMany(Math.ceil(seconds)));
  };

  return Object.freeze({
    get size() {
      return uses.size;
    },
    exhausted(id: TenantId, isWrite: boolean) {
      const use = uses.get(id);
      if (use === undefined) return undefined;
      if (isWrite && isFull(use)) return errors.tooManyAtOnce;
      const seconds = fill(use);
      return seconds === 0 ? undefined : errors.tooMany(Math.ceil(seconds));
    },
    allowance(id: TenantId) {
      const use = uses.get(id);
      if (use === undefined) return Number.POSITIVE_INFINITY;
      const { requestsPerSecond, concurrentPosts = Number.POSITIVE_INFINITY } = use.quotas;
      fill(use);
      const tokens = requestsPerSecond === undefined ? Number.POSITIVE_INFINITY : Math.floor(use.tokens);
      return Math.min(tokens, concurrentPosts - use.writing);
    },
    refused: (id: TenantId, refusal: LedgerError) =>
      count(id, refusal === errors.tooManyAtOnce ? 'concurrent_posts' : 'requests'),
    enter(id: TenantId, isWrite: boolean) {
      const use = useOf(id);
      if (use === undefined) return undefined;
      const { concurrentPosts } = use.quotas;
      if (isWrite && isFull(use)) return refuse(id, 'concurrent_posts', errors.tooManyAtOnce);
      takeToken(id, use);
      if (!isWrite || concurrentPosts === undefined) return undefined;
      use.writing += 1;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        use.writing -= 1;
      };
    },
  });
}

function isFull({ quotas: { concurrentPosts }, writing }: Use): boolean {
  return concurrentPosts !== undefined && writing >= concurrentPosts;
}

function burstOf({ burst, requestsPerSecond = 1 }: TenantQuotas): number {
  // A throttled tenant comes in by turns: a bucket that runs over between two would let it have less than its quota.
  return Math.max(burst ?? Math.max(1, requestsPerSecond), requestsPerSecond / 10);
}

const waitSecondsMax = 60;

/**
 * Refusing must cost next to nothing, or whoever is refused takes from the others after all: one error for each wait, made
 * once. They are thrown as they are; their stack tells nothing anybody needs.
 */
function quotaErrors() {
  const byWait = new Map<number, LedgerError>();
  return {
    tooManyAtOnce: new LedgerError('tenant_quota_exceeded', {
      detail:
        "More requests that change something at the same time than the tenant's quota; wait for answers before sending more.",
      reason: 'TENANT_CONCURRENCY_QUOTA',
      retryAfterSeconds: 1,
    }),
    tooMany(seconds: number): LedgerError {
      const retryAfterSeconds = Math.min(Math.max(seconds, 1), waitSecondsMax);
      let error = byWait.get(retryAfterSeconds);
      if (error === undefined) {
        error = new LedgerError('tenant_quota_exceeded', {
          detail: `More requests a second than the tenant's quota; try again after ${retryAfterSeconds} s.`,
          reason: 'TENANT_REQUEST_QUOTA',
          retryAfterSeconds,
        });
        byWait.set(retryAfterSeconds, error);
      }
      return error;
    },
  };
}

function refusalCounter(registry: Registry) {
  return new Counter({
    name: 'tenant_quota_refusals_total',
    help: 'Requests refused because of a quota of their tenant.',
    labelNames: ['tenant_id', 'quota'],
    registers: [registry],
  });
}
