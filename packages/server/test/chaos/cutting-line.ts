import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line to PostgreSQL that is cut at COMMITs: before they reach it, or after it has done them. */
export async function openCuttingLine(upstreamPort: number, random: () => number) {
  const sockets = new Set<Socket>();
  let oneIn = 0;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (chunk) => {
      const isCommit = oneIn > 0 && chunk.includes('commit\0') && random() < 1 / oneIn;
      if (!isCommit) return upstream.write(chunk);
      cuts += 1;
      if (random() < 0.5) return cut();
      // Done, and its answer is not let through.
      upstream.removeAllListeners('data').on('data', cut);
      return upstream.write(chunk);
    });
    upstream.on('data', (chunk) => client.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    cutOneIn(commits: number) {
      oneIn = commits;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
