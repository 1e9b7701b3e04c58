import { Histogram, type Registry } from 'prom-client';
import type { Tracing } from '../../http/tracing.js';
import type { BatchReport } from '../../ledger/posting/poster.js';

/** What the posting engine tells: how many were committed together, how long it took, and a span for each batch. */
export function watchBatches(registry: Registry, tracing: Tracing | undefined): (batch: BatchReport) => void {
  const registers = [registry];
  const sizes = new Histogram({
    name: 'posting_batch_transactions',
    help: 'Transactions that were committed together.',
    buckets: [1, 2, 5, 10, 25, 50, 100, 200, 500],
    registers,
  });
  const seconds = new Histogram({
    name: 'posting_batch_seconds',
    help: 'From the wish for a connection to the commit of a batch.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  });
  return ({ tenantId, transactions, startedAt, ms }) => {
    sizes.observe(transactions);
    seconds.observe(ms / 1000);
    if (tracing === undefined) return;
    const span = tracing.start('post batch', undefined, startedAt);
    span.set('posting.transactions', transactions);
    if (tenantId !== undefined) span.set('tenant.id', tenantId);
    span.end();
  };
}
