import { closedLoops } from '../load/closed-loop.js';
import { getRequest, postRequests, randomTransfers } from '../load/requests.js';
import { cpuMeter, measured, type Scenario } from './scenario.js';

const readers = 20;
const writers = 80;

/** Balances of random accounts are read while others post; the line shows the reads, `extra` the writes beside them. */
export const readsUnderWrites: Scenario = {
  name: 'reads',
  title: `ours, balance reads by ${readers} callers while ${writers} post`,
  unit: 'reads/s',
  async run({ stage, window }) {
    const { ours, books } = stage;
    const meter = cpuMeter(stage, ours);
    const reads = books.accountIds.map((id) => getRequest(books, `/accounts/${id}/balances`));
    const post = postRequests(books, 'json', randomTransfers(books));
    const random = () => reads[Math.floor(Math.random() * reads.length)] as string;
    const [read, write] = await closedLoops(
      [
        { port: ours.ledgerPort, connections: readers, next: random },
        { port: ours.ledgerPort, connections: writers, next: post },
      ],
      window,
      meter.edges,
    );
    if (read === undefined || write === undefined) throw new Error('two loads give two results');
    return { ...measured(read), ...meter.shares(), extra: { writesPerSecond: write.perSecond } };
  },
};
