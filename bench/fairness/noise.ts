/** The noisy tenant, in a process of its own: what it sends must not disturb the clock of those who are measured. */
import { openLoop } from '../load/open-loop.js';
import { postRequests, randomTransfers } from '../load/requests.js';
import type { Books } from '../stage/books.js';

interface Order {
  readonly port: number;
  readonly books: Books;
  readonly perSecond: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

process.on('message', (order: Order) => {
  void openLoop(
    {
      port: order.port,
      connections: order.connections,
      perSecond: order.perSecond,
      next: postRequests(order.books, 'json', randomTransfers(order.books), 200),
    },
    order,
    // Both begin to count at the same time.
    { opened: () => process.send?.('opened') },
  ).then(({ perSecond, refused }) => process.send?.({ perSecond, refused, seconds: order.measuredMs / 1000 }));
});
