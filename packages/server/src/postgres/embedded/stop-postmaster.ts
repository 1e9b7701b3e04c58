import { findProcess, type ProcessFacts, processesStandingIn, signal, waitUntilNone } from './processes.js';

export interface StopLimits {
  /** For running transactions to be rolled back and a checkpoint to be written. */
  readonly fastMs: number;
  readonly immediateMs: number;
}

const defaultLimits: StopLimits = { fastMs: 30_000, immediateMs: 5_000 };

/**
 * Ends a postmaster and everything it started: fast shutdown (SIGINT: sessions are cut, data is flushed), after a while an
 * immediate one (SIGQUIT: the next start recovers from the log), at last SIGKILL. No way loses a commit.
 */
export async function stopPostmaster(pid: number, data: string, limits: StopLimits = defaultLimits): Promise<void> {
  const postmaster = await findProcess(pid);
  if (postmaster !== undefined && isPostmasterOf(postmaster, data)) {
    const gone = async () => {
      const now = await findProcess(pid);
      return now === undefined || now.birth !== postmaster.birth ? [] : [now];
    };
    signal(pid, 'SIGINT');
    if (!(await waitUntilNone(gone, limits.fastMs))) {
      signal(pid, 'SIGQUIT');
      if (!(await waitUntilNone(gone, limits.immediateMs))) {
        signal(pid, 'SIGKILL');
        await waitUntilNone(gone, 5_000);
      }
    }
  }
  await endOrphans(data);
}

/**
 * Ends server processes that outlived their postmaster. A busy one does not notice the loss, and holds the shared memory
 * ("pre-existing shared memory block is still in use"), so that nothing can start. They are found by their working folder;
 * somebody's shell standing there is left alone.
 */
export async function endOrphans(data: string): Promise<number> {
  const orphans = async () => (await processesStandingIn(data)).filter(isServerProcess);
  const found = await orphans();
  for (const { pid } of found) signal(pid, 'SIGQUIT');
  if (!(await waitUntilNone(orphans, 2_000))) {
    for (const { pid } of await orphans()) signal(pid, 'SIGKILL');
    if (!(await waitUntilNone(orphans, 5_000)))
      throw new Error(
        `processes ${(await orphans()).map(({ pid }) => pid).join(', ')} of PostgreSQL in ${data} do not end`,
      );
  }
  return found.length;
}

/** Its command line names the data folder: nobody else's process, even if a pid came round again. */
export function isPostmasterOf(facts: ProcessFacts, data: string): boolean {
  const [program = ''] = facts.argv;
  // Where arguments come as one string (macOS), a folder with spaces is spread over several.
  return /(^|\/)postgres$/.test(program) && ` ${facts.argv.join(' ')} `.includes(` -D ${data} `);
}

/** Children rewrite their command line to `postgres: …`. */
function isServerProcess({ argv }: ProcessFacts): boolean {
  const [title = ''] = argv;
  return title.startsWith('postgres:') || /(^|\/)postgres$/.test(title);
}
