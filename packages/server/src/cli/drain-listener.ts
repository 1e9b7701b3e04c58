import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Ends a listener: requests in flight are served, for at most `graceMs`. A connection is closed as soon as no request is on
 * it, which Node alone would not do for one that was busy when the drain began, nor for one that never sent anything.
 * Call before listening; the answer ends the listener.
 */
export function drainable(app: FastifyInstance, graceMs: number): () => Promise<void> {
  const busy = watchConnections(app.server);
  return async () => {
    const closeQuiet = (): void => {
      for (const [socket, requests] of busy) if (requests === 0) socket.destroy();
    };
    const sweep = setInterval(closeQuiet, 50);
    const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
    try {
      await app.close();
    } finally {
      clearInterval(sweep);
      clearTimeout(cut);
    }
  };
}

/** How many requests are on each open connection. */
function watchConnections(server: Server): Map<Socket, number> {
  const busy = new Map<Socket, number>();
  server.on('connection', (socket: Socket) => {
    busy.set(socket, 0);
    socket.once('close', () => busy.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    const change = (by: number): void => {
      const count = busy.get(socket);
      if (count !== undefined) busy.set(socket, count + by);
    };
    change(1);
    response.once('close', () => change(-1));
  });
  return busy;
}
