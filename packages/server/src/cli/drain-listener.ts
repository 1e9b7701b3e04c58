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
        for (const [socket, answers] of connections.busy) if (answers.length === 0) socket.destroy();
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

/**
 * The answers that are still to come on each open connection. Lists that are emptied, not one set of all: what replaces a set's
 * table when deletions have filled it hangs on the table before, so tables that have grown old would keep their answers, and
 * with them a part of all requests, from being collected young.
 */
function watchConnections(server: Server) {
  const busy = new Map<Socket, ServerResponse[]>();
  let closing = false;
  server.on('connection', (socket: Socket) => {
    busy.set(socket, []);
    socket.once('close', () => busy.delete(socket));
  });
  // Before the application's own listener, which may answer at once.
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const answers = busy.get(socket);
    if (closing) response.shouldKeepAlive = false;
    if (answers === undefined) return;
    answers.push(response);
    response.once('close', () => void answers.splice(answers.indexOf(response), 1));
  });
  return {
    busy: busy as ReadonlyMap<Socket, readonly ServerResponse[]>,
    closeAfterAnswer() {
      closing = true;
      for (const answers of busy.values())
        for (const response of answers) if (!response.headersSent) response.shouldKeepAlive = false;
    },
  };
}
