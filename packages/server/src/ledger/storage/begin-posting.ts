import type { TenantClient } from './with-tenant.js';

/**
 * Opens the transaction of a batch. Posting's statements are prepared, and PostgreSQL keeps the plan of a prepared
 * statement that it made after the first few uses, when a new tenant's tables are almost empty: a sequential scan then,
 * over every balance and key for ever after (tried: 4,000 keys cost a lone post 5 ms instead of 1). So sequential scans
 * are switched off here, and the statements are written such that each table is looked up by an index from a short list.
 * Written so, one plan is right for all values: it is kept from the first use on, where PostgreSQL would go on planning
 * small batches anew (0.3 ms of the 1.1 ms that a batch of one costs it). One message, one round trip.
 */
export async function beginPosting(client: TenantClient): Promise<void> {
  await client.query('begin; set local enable_seqscan = off; set local plan_cache_mode = force_generic_plan');
}
