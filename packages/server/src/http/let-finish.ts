import type { FastifyReply, FastifyRequest } from 'fastify';

/** Far more than any limit of a route, and nothing to a server that throws it away. */
const discardedBytesMax = 64 * 1024 * 1024;

/**
 * Lets the rest of a body come in and throws it away. Closing the connection while the client still writes resets it, and
 * most clients then report the broken pipe instead of the answer that says what was wrong. What goes on for too long is cut
 * off; what comes too slowly is ended by the listener's request timeout.
 */
export function letFinish({ raw }: FastifyRequest, reply: FastifyReply): void {
  // Fastify has asked for the connection to be closed.
  reply.removeHeader('connection');
  let left = discardedBytesMax;
  raw.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) raw.socket.destroy();
  });
}
