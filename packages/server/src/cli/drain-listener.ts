import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How a listener leaves: it is announced first, for as long as balancers need to notice, and then carried out. */
export interface Drain {
  /** From here on every answer closes its connection (`Connection: close`); requests are served as before. */
  announce(): void;
  /**
   * Takes no new connections; requests in flight are served, for at most the grace. A connection is closed as soon as no
   * request is on it, which Node alone would not do for one that was busy when the drain began, nor for one that never
   * sent anything.
   */
  close(): Promise<void>;
}

/** Call before listening. */
export function drainable(app: FastifyInstance, graceMs: number): Drain {
  const connections = watchConnections(app.server);
  return {
    announce: () => connections.closeAfterAnswer(),
    async close() {
      const closeQuiet = (): void => {
        for (const [socket, requests] of connections.busy) if (requests === 0) socket.destroy();
      };
      const sweep = setInterval(closeQuiet, 50);
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
      try {
        await app.close();
      } finally {
        clearInterval(sweep);
        clearTimeout(cut);
      }
    },
  };
}

/** How many requests are on each open connection, and the answers that are still to come. */
function watchConnections(server: Server) {
  const busy = new Map<Socket, number>();
  const answers = new Set<ServerResponse>();
  let closing = false;
  server.on('connection', (socket: Socket) => {
    busy.set(socket, 0);
    socket.once('close', () => busy.delete(socket));
  });
  // Before the application's own listener, which may answer at once.
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const change = (by: number): void => {
      const count = busy.get(socket);
      if (count !== undefined) busy.set(socket, count + by);
    };
    change(1);
    answers.add(response);
    if (closing) response.shouldKeepAlive = false;
    response.once('close', () => {
      change(-1);
      answers.delete(response);
    });
  });
  return {
    busy: busy as ReadonlyMap<Socket, number>,
    closeAfterAnswer() {
      closing = true;
      for (const response of answers) if (!response.headersSent) response.shouldKeepAlive = false;
    },
  };
}
