import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import { postBatch } from '../../packages/server/src/ledger/posting/post-batch.js';
import { readPosting } from '../../packages/server/src/ledger/routes/transactions/read-posting.js';
import type { TransactionInput } from '../../packages/server/src/ledger/routes/transactions/transaction-body.js';
import { withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import { openTenantPool } from '../../packages/server/src/postgres/pool.js';
import type { TenantContext } from '../../packages/server/src/postgres/tenant-context.js';
import { Connection } from '../load/connection.js';
import { newKey, postRequests, randomTransfers } from '../load/requests.js';
import { median } from '../measure/statistics.js';
import type { Stage } from '../stage/stage.js';
import type { Scenario } from './scenario.js';

const pauseMs = 2;

/** One caller on an idle server, in turns with the same statements sent by this process on one connection of its own. */
export const loneRequest: Scenario = {
  name: 'lone',
  title: 'ours, a lone caller on an idle server',
  unit: 'transactions/s',
  async run({ stage, window }) {
    const direct = await openDirect(stage);
    const overHttp = await openLone(stage);
    const latencies: number[] = [];
    const statements: number[] = [];
    const refused: Record<number, number> = {};
    try {
      const startedAt = performance.now();
      const countFrom = startedAt + window.warmUpMs;
      while (performance.now() < countFrom + window.measuredMs) {
        const { status, ms } = await overHttp.post();
        await delay(pauseMs);
        const directMs = await direct.post();
        await delay(pauseMs);
        if (performance.now() < countFrom) continue;
        if (status === 201) latencies.push(ms);
        else refused[status] = (refused[status] ?? 0) + 1;
        statements.push(directMs);
      }
    } finally {
      overHttp.close();
      await direct.close();
    }
    const statementsMs = median(statements);
    return { perSecond: 1000 / median(latencies), latencies, refused, extra: { statementsMs } };
  },
};

async function openLone({ ours, books }: Stage) {
  let settle: (status: number) => void = () => {};
  const connection = await Connection.open(0, ours.ledgerPort, (_connection, status) => settle(status));
  const next = postRequests(books, 'json', randomTransfers(books));
  return {
    async post() {
      const startedAt = performance.now();
      const status = await new Promise<number>((resolve) => {
        settle = resolve;
        connection.send(next(), startedAt);
      });
      return { status, ms: performance.now() - startedAt };
    },
    close: () => connection.close(),
  };
}

async function openDirect({ admin, books }: Stage) {
  const pool = openTenantPool(withDatabase(admin, books.database), {
    max: 1,
    applicationName: 'bench',
    searchPath: [books.schema],
  });
  const tenant: TenantContext = { tenantId: undefined, slug: undefined, configVersion: 1, pool };
  const clock = { now: () => new Date(), newId: () => newId() };
  const makeBody = randomTransfers(books);
  const place = { organizationId: books.organizationId, ledgerId: books.ledgerId };
  return {
    async post() {
      const hash = createHash('sha256').update(newKey()).digest();
      const posting = readPosting('direct', makeBody() as TransactionInput, place);
      const startedAt = performance.now();
      const taken = () => [[{ ...posting, idempotency: { hash, ttlSeconds: 300 } }]];
      const units = (await postBatch(tenant, taken, clock))?.units ?? [];
      if (units.some((unit) => 'refusal' in unit)) throw new Error('a direct posting was refused');
      return performance.now() - startedAt;
    },
    close: () => pool.drain(1_000),
  };
}
