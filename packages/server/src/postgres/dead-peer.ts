import { connect, type Socket } from 'node:net';
import type pg from 'pg';

const probeMs = 3_000;
const failuresMax = 2;

/**
 * Ends a connection whose server has vanished without a word (a machine that lost power, a network that drops everything):
 * the operating system would wait for some 15 minutes, and the batch of a tenant with it. When an answer is outstanding and
 * nothing has come for a while, the address is knocked at; when that fails twice, the connection is cut, and whoever waits
 * gets a lost connection. A server that only thinks for long answers the knock and is left alone.
 */
export function endWhenPeerIsDead(client: pg.Client | pg.PoolClient, lookMs = 3_000): void {
  const peer = client as unknown as Peer;
  const { host, port } = peer;
  const { stream } = peer.connection;
  if (host.startsWith('/')) return;
  let read = stream.bytesRead;
  let failures = 0;
  let knocking = false;
  const timer = setInterval(async () => {
    if (peer.readyForQuery || stream.bytesRead !== read) {
      read = stream.bytesRead;
      failures = 0;
      return;
    }
    if (knocking) return;
    knocking = true;
    const isThere = await answers(host, port);
    knocking = false;
    failures = isThere || stream.bytesRead !== read ? 0 : failures + 1;
    if (failures >= failuresMax)
      stream.destroy(Object.assign(new Error(`${host}:${port} has vanished`), { code: 'ETIMEDOUT' }));
  }, lookMs).unref();
  stream.once('close', () => clearInterval(timer));
}

interface Peer {
  readonly host: string;
  readonly port: number;
  /** False while an answer is outstanding. */
  readonly readyForQuery: boolean;
  readonly connection: { readonly stream: Socket };
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(probeMs, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.unref();
  });
}
