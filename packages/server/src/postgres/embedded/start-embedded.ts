import { chmodSync, readFileSync, realpathSync } from 'node:fs';
import { type ConnectionSettings, connectionSettings } from '../connection-settings.js';
import { type Binaries, findBinaries } from './binaries.js';
import { findFreePort } from './free-port.js';
import { chooseIdentity, type Identity } from './identity.js';
import { launchPostmaster, PortTaken } from './launch-postmaster.js';
import { type Layout, layoutOf } from './layout.js';
import { boundLog } from './log-file.js';
import { clusterExists, makeCluster, removeDrafts, superuser } from './make-cluster.js';
import { takeOwnership } from './owner-lock.js';
import { giveTo, openTheWay } from './ownership.js';
import { findProcess } from './processes.js';
import { serverArguments } from './server-arguments.js';
import { type StopLimits, stopPostmaster } from './stop-postmaster.js';
import { takeOver } from './take-over.js';
import { usableBinaries } from './usable-binaries.js';

export interface EmbeddedOptions {
  /** Belongs to the embedded server alone: cluster, password, log, lock. Made when absent. */
  readonly directory: string;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  /** What is going on, in a few words, for a spinner. */
  readonly onProgress?: (message: string) => void;
  /** PostgreSQL ended without `stop`. Requests will fail; the program should end with an error. */
  readonly onLost?: () => void;
  /**
   * Folders above `directory` that are ours and may be opened for passing through (0711) when PostgreSQL has to run
   * under another user; anything else is refused with an explanation.
   */
  readonly ourFolders?: readonly string[];
  /** Over the defaults of `server-arguments.ts`; tests set `fsync: 'off'`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For tests: behave as where user namespaces are forbidden. */
  readonly allowNamespace?: boolean;
}

export interface EmbeddedServer {
  /** The superuser on database `postgres`. */
  readonly adminSettings: ConnectionSettings;
  readonly port: number;
  /** True when a server left running by a killed process was taken over. It is stopped like any other. */
  readonly adopted: boolean;
  /** Of the postmaster. */
  readonly pid: number;
  /** Fast shutdown; resolves when no process of the server is left and the folder is free for another owner. */
  stop(limits?: StopLimits): Promise<void>;
}

/**
 * Starts PostgreSQL 18 in `directory`, on a free port of 127.0.0.1: 1–2 s the first time, 0.2–0.4 s after. Puts right what
 * a killed predecessor left. Refuses while another live process owns the folder, naming its pid.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const lock = await takeOwnership(options.directory);
  try {
    return await startOwned(options, () => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startOwned(options: EmbeddedOptions, release: () => void): Promise<EmbeddedServer> {
  // PostgreSQL's processes report resolved paths; ours must be comparable.
  const root = realpathSync(options.directory);
  const layout = layoutOf(root);
  const say = (message: string) => options.log.info({ component: 'embedded-postgres' }, message);
  chmodSync(root, 0o700);
  const identity = chooseIdentity(root, options.allowNamespace);
  openTheWay(
    identity,
    root,
    (options.ourFolders ?? []).map((folder) => realpathSync(folder)),
  );
  giveTo(identity, root);
  const binaries = await usableBinaries(await findBinaries(), identity, root);

  await removeDrafts(layout);
  if (!clusterExists(layout)) {
    options.onProgress?.('making the database cluster');
    await makeCluster(layout, binaries, identity);
  }
  giveTo(identity, layout.data);
  boundLog(layout.log);

  const password = readFileSync(layout.passwordFile, 'utf8').trim();
  const settingsFor = (port: number): ConnectionSettings =>
    connectionSettings({ host: '127.0.0.1', port, database: 'postgres', user: superuser, password });
  const argsFor = (port: number) => serverArguments(layout.data, port, undefined, options.settings ?? {});

  const left = await takeOver(layout, { program: binaries.postgres, args: argsFor(0) }, settingsFor, say);
  const { pid, port } = left ?? (await launch(layout, identity, binaries, argsFor, settingsFor, options));
  const watch = watchOver(pid, layout, options.onLost);

  return Object.freeze({
    adminSettings: settingsFor(port),
    port,
    pid,
    adopted: left !== undefined,
    async stop(limits?: StopLimits) {
      clearInterval(watch);
      await stopPostmaster(pid, layout.data, limits);
      release();
    },
  });
}

async function launch(
  layout: Layout,
  identity: Identity,
  binaries: Binaries,
  argsFor: (port: number) => string[],
  settingsFor: (port: number) => ConnectionSettings,
  options: EmbeddedOptions,
): Promise<{ pid: number; port: number }> {
  options.onProgress?.('starting PostgreSQL');
  const waiting = (status: string) => options.onProgress?.(`waiting for PostgreSQL (${status})`);
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    try {
      const args = argsFor(port);
      return {
        pid: await launchPostmaster(layout, identity, binaries.postgres, args, settingsFor(port), waiting),
        port,
      };
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === 5) throw error;
    }
  }
}

/** Bounds the log and notices when the server is gone. Never keeps the process alive. */
function watchOver(pid: number, layout: Layout, onLost: (() => void) | undefined): NodeJS.Timeout {
  let ticks = 0;
  const timer = setInterval(async () => {
    ticks += 1;
    if (ticks % 30 === 0) boundLog(layout.log);
    if ((await findProcess(pid)) !== undefined) return;
    clearInterval(timer);
    onLost?.();
  }, 2_000);
  return timer.unref();
}
