import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** The port of last time, so that an operator's notes stay true; another one when it is taken or did not work. */
export async function choosePort(portFile: string, attempt: number): Promise<number> {
  const last = attempt === 1 ? readPort(portFile) : undefined;
  if (last !== undefined) {
    const port = await tryPort(last).catch(() => undefined);
    if (port !== undefined) return port;
  }
  return tryPort(0);
}

export function rememberPort(portFile: string, port: number): void {
  writeFileSync(portFile, `${port}\n`, { mode: 0o600 });
}

function readPort(portFile: string): number | undefined {
  try {
    const port = Number(readFileSync(portFile, 'utf8'));
    return Number.isInteger(port) && port > 1023 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

/** A TCP port of the loopback interface that was free a moment ago (0: any); a twin may still take it first. */
function tryPort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the operating system named no port'));
      });
    });
  });
}
