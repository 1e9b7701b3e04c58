import { chmodSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionSettings } from '../connection-settings.js';
import { OperatorError } from '../operator-error.js';
import { type Binaries, findBinaries } from './binaries.js';
import { chooseIdentity, type Identity } from './identity.js';
import { keepRunning } from './keep-running.js';
import { type Launch, launch } from './launch-postmaster.js';
import { type Layout, layoutOf } from './layout.js';
import { boundLog } from './log-file.js';
import { clusterExists, makeCluster, removeDrafts } from './make-cluster.js';
import { takeOwnership } from './owner-lock.js';
import { giveTo, openTheWay } from './ownership.js';
import { serverArguments, usableSocketFolder } from './server-arguments.js';
import { type StopLimits, stopPostmaster } from './stop-postmaster.js';
import { readPassword, superuserSettings } from './superuser.js';
import { takeOver } from './take-over.js';
import { usableBinaries } from './usable-binaries.js';

export interface EmbeddedOptions {
  /** Belongs to the embedded server alone: cluster, password, log, lock. Made when absent. */
  readonly directory: string;
  /** What was found of a killed predecessor. A pino logger fits. */
  readonly log: { warn(details: object, message: string): void };
  /** What is going on, in a few words, for a spinner. */
  readonly onProgress?: (message: string) => void;
  /**
   * PostgreSQL ended without `stop` and could not be started again, or ended too often. The program should end with this
   * sentence, so that its supervisor starts it anew.
   */
  readonly onLost?: (reason: string) => void;
  /** False: it is not started again when it ends by itself, `onLost` is called at once. Default true. */
  readonly keepRunning?: boolean;
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
  /** Of the postmaster; another one after it was started again. */
  readonly pid: number;
  /** Fast shutdown; resolves when no process of the server is left and the folder is free for another owner. */
  stop(limits?: StopLimits): Promise<void>;
}

/**
 * Starts PostgreSQL 18 in `directory`, on the port of last time or a free one of 127.0.0.1: 1–2 s the first time, 0.2–0.4 s after. Puts right what
 * a killed predecessor left, and starts it again when it ends by itself. Refuses while another live process owns the folder, naming its pid.
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
  const { layout, identity, binaries } = await prepare(options);
  const password = readPassword(layout);
  const socketFolder = usableSocketFolder(layout.root);
  const how: Launch = {
    layout,
    identity,
    program: binaries.postgres,
    args: (port) => serverArguments(layout.data, port, socketFolder, options.settings ?? {}),
    settings: (port) => superuserSettings(socketFolder, port, password),
    onProgress: options.onProgress ?? (() => {}),
  };
  const say = (message: string) => options.log.warn({ component: 'embedded-postgres' }, message);
  const left = await takeOver(how, say);
  const { pid, port } = left ?? (await launch(how));
  const kept = keepRunning({
    how,
    started: { pid, port },
    restartsMax: options.keepRunning === false ? 0 : 5,
    say,
    onLost: options.onLost,
  });

  let stopping: Promise<void> | undefined;
  return Object.freeze({
    adminSettings: how.settings(port),
    port,
    get pid() {
      return kept.pid;
    },
    adopted: left !== undefined,
    stop(limits?: StopLimits) {
      stopping ??= kept
        .stop()
        .then(() => stopPostmaster(kept.pid, layout.data, limits))
        .finally(release);
      return stopping;
    },
  });
}

/** Everything on disk: folder, rights, programs, cluster. */
async function prepare(options: EmbeddedOptions): Promise<{ layout: Layout; identity: Identity; binaries: Binaries }> {
  // PostgreSQL's processes report resolved paths; ours must be comparable.
  const root = realpathSync(options.directory);
  const layout = layoutOf(root);
  chmodSync(root, 0o700);
  const identity = chooseIdentity(root, options.allowNamespace);
  const ours = (options.ourFolders ?? []).map((folder) => realpathSync(folder));
  openTheWay(identity, root, ours);
  giveTo(identity, root);
  const binaries = await usableBinaries(await findBinaries(), identity, root);

  await removeDrafts(layout);
  if (!clusterExists(layout)) {
    options.onProgress?.('making the database cluster');
    await makeCluster(layout, binaries, identity);
  }
  refuseOtherVersion(layout, binaries);
  giveTo(identity, layout.data);
  boundLog(layout.log);
  return { layout, identity, binaries };
}

function refuseOtherVersion(layout: Layout, binaries: Binaries): void {
  const has = readFileSync(join(layout.data, 'PG_VERSION'), 'utf8').trim();
  const needs = binaries.version.split('.')[0];
  if (has !== needs)
    throw new OperatorError(
      `${layout.data} was made by PostgreSQL ${has}, and this program brings PostgreSQL ${needs}. Dump it with the earlier program and load it into a new folder.`,
    );
}
