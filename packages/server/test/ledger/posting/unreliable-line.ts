import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { openTenantPool } from '../../../src/postgres/pool.js';
import type { TenantContext } from '../../../src/postgres/tenant-context.js';
import type { LedgerStore } from '../../support/cluster.js';

export interface UnreliableLine {
  readonly tenant: TenantContext;
  /**
   * Breaks the connection at the next COMMIT: before it reaches the server, after the server has done it and before the
   * client hears of it, or between the write and COMMIT without the server noticing: its session stays open. `times`: at
   * that many of them, one by default.
   */
  breakAtCommit(when: 'before' | 'after' | 'between', times?: number): void;
  close(): Promise<void>;
}

/** A real PostgreSQL behind a line that can be cut: the only way to lose the answer to a COMMIT on purpose. */
export async function openUnreliableLine(store: LedgerStore): Promise<UnreliableLine> {
  let plan: 'before' | 'after' | 'between' = 'before';
  let breaks = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const { host, port } = store.settings;
    // The test cluster may listen on a Unix socket: then the host is its folder.
    const upstream = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    let halfOpen = false;
    const cut = () => {
      client.destroy();
      if (!halfOpen) upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', cut);
    }
    client.on('data', (chunk) => {
      // A simple query message: 'Q', length, text, NUL.
      if (breaks === 0 || !chunk.includes('commit\0')) return upstream.write(chunk);
      const when = plan;
      breaks -= 1;
      if (when === 'between') {
        halfOpen = true;
        // Type and length stand before the text.
        upstream.write(chunk.subarray(0, chunk.indexOf('commit\0') - 5));
        return client.destroy();
      }
      if (when === 'before') return cut();
      upstream.removeAllListeners('data');
      upstream.on('data', () => cut());
      return upstream.write(chunk);
    });
    upstream.on('data', (chunk) => client.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const settings = { ...store.settings, host: '127.0.0.1', port };
  const pool = openTenantPool(settings, { max: 3, applicationName: 'unreliable', searchPath: ['ledger'] });
  return {
    tenant: Object.freeze({ ...store.tenant, pool }),
    breakAtCommit(when, times = 1) {
      plan = when;
      breaks = times;
    },
    async close() {
      await pool.drain(1_000);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
