import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../connection-settings.js';
import { checkPassword } from './check-password.js';
import { childEnvironment } from './child-environment.js';
import { choosePort, rememberPort } from './free-port.js';
import type { Identity } from './identity.js';
import type { Layout } from './layout.js';
import { logSince, logSize, openLog } from './log-file.js';
import { readPostmasterFile } from './postmaster-file.js';
import { stopPostmaster } from './stop-postmaster.js';

/** What is to be started, all but the port. */
export interface Launch {
  readonly layout: Layout;
  readonly identity: Identity;
  /** Path of `postgres`. */
  readonly program: string;
  args(port: number): string[];
  settings(port: number): ConnectionSettings;
  onProgress(message: string): void;
  /** This one and no other: there are pools that know it. Absent: that of last time, or a free one. */
  readonly port?: number;
}

/** Starts the server and waits until it takes connections; rejects with what its log says. */
export async function launch(how: Launch): Promise<{ pid: number; port: number }> {
  how.onProgress('starting PostgreSQL');
  for (let attempt = 1; ; attempt += 1) {
    const port = how.port ?? (await choosePort(how.layout.portFile, attempt));
    try {
      const pid = await launchPostmaster(how, port);
      rememberPort(how.layout.portFile, port);
      return { pid, port };
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === 5) throw error;
      if (how.port !== undefined) await sleep(200);
    }
  }
}

/** The port was taken between finding it free and listening on it: try another. */
class PortTaken extends Error {}

/**
 * The server gets a process group of its own (Ctrl-C in the terminal must not end it before our own drain) and a file for
 * its output, so that it neither depends on our life nor holds up our exit.
 */
async function launchPostmaster(how: Launch, port: number): Promise<number> {
  const { layout, identity } = how;
  const logStart = logSize(layout.log);
  const log = openLog(layout.log);
  const [command, args] = identity.command(how.program, how.args(port));
  const child = spawn(command, args, {
    ...identity.user,
    cwd: layout.data,
    env: childEnvironment(),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  let ended: string | undefined;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signalName) => {
    ended = `PostgreSQL ended with ${signalName ?? code}`;
  });

  for (let waits = 1; ; waits += 1) {
    if (ended !== undefined) {
      const said = logSince(layout.log, logStart);
      if (/could not bind|could not create any TCP\/IP sockets/.test(said)) throw new PortTaken(said);
      throw new Error(`${ended}: ${said}`);
    }
    const file = readPostmasterFile(layout.postmasterPid);
    if (child.pid !== undefined && file?.pid === child.pid && file.status === 'ready') {
      await proveOurs(child.pid, how, port);
      return child.pid;
    }
    // No deadline: recovery after a crash may take long, and as long as the server lives it is at work.
    if (waits % 200 === 0) how.onProgress(`waiting for PostgreSQL (${file?.status ?? 'starting'})`);
    await sleep(10);
  }
}

async function proveOurs(pid: number, how: Launch, port: number): Promise<void> {
  try {
    await checkPassword(how.settings(port));
  } catch (error) {
    await stopPostmaster(pid, how.layout.data);
    throw error;
  }
}
