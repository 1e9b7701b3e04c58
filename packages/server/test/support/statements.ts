import pg from 'pg';
import { vi } from 'vitest';

/** How many statements this process sends to PostgreSQL meanwhile: what is fast because it has nothing to do sends few, however slow the machine. */
export async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  const sent = vi.spyOn(pg.Client.prototype, 'query');
  try {
    await work();
    return sent.mock.calls.length;
  } finally {
    sent.mockRestore();
  }
}
