import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from './binaries.js';
import { childEnvironment } from './child-environment.js';
import type { Identity } from './identity.js';
import type { Layout } from './layout.js';
import { giveTo } from './ownership.js';
import { type ProcessFacts, processesMentioning, processesStandingIn, signal, waitUntilNone } from './processes.js';
import { superuser } from './superuser.js';

/** Passwords only, and only from this machine: no `trust`, no clear-text password. */
const hostRules = `# Written by cofferdam when the cluster was made.
local all all scram-sha-256
host  all all 127.0.0.1/32 scram-sha-256
`;

/**
 * Makes the cluster beside its final place and renames it when it is whole; an attempt cut short is removed at the next
 * start. The superuser's password is random and lies in the cluster's folder with mode 0600.
 */
export async function makeCluster(layout: Layout, binaries: Binaries, identity: Identity): Promise<void> {
  const draft = mkdtempSync(join(layout.root, layout.draftPrefix));
  giveTo(identity, draft);
  const data = join(draft, 'data');
  mkdirSync(data, { mode: 0o700 });
  giveTo(identity, data);

  const password = randomBytes(32).toString('base64url');
  const handover = join(draft, 'handover');
  writeFileSync(handover, password, { mode: 0o600 });
  if (identity.user !== undefined) chownSync(handover, identity.user.uid, identity.user.gid);
  await runInitdb(binaries, identity, data, handover);
  rmSync(handover);

  writeFileSync(join(data, 'pg_hba.conf'), hostRules);
  writeFileSync(join(draft, 'superuser-password'), password, { mode: 0o600, flush: true });
  renameSync(draft, layout.cluster);
}

/** Ends and removes what a start that was killed left half made. */
export async function removeDrafts(layout: Layout): Promise<void> {
  const drafts = readdirSync(layout.root).filter((name) => name.startsWith(layout.draftPrefix));
  for (const draft of drafts) {
    const folder = join(layout.root, draft);
    await endWriters(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** An initdb that outlived its parent names the folder; the servers it runs for a moment stand in it. */
async function endWriters(folder: string): Promise<void> {
  const writers = async () => {
    const found = [...(await processesMentioning(folder)), ...(await processesStandingIn(join(folder, 'data')))];
    const ours = found.filter(isOurProgram);
    for (const { pid } of ours) signal(pid, 'SIGKILL');
    return ours;
  };
  if (!(await waitUntilNone(writers, 10_000))) throw new Error(`an initdb still works in ${folder} and does not end`);
}

function isOurProgram({ argv }: ProcessFacts): boolean {
  return /(^|\/)(initdb|postgres)$|^postgres:/.test(argv[0] ?? '');
}

export function clusterExists(layout: Layout): boolean {
  return existsSync(join(layout.data, 'PG_VERSION'));
}

function runInitdb(binaries: Binaries, identity: Identity, data: string, passwordFile: string): Promise<void> {
  const [program, args] = identity.command(binaries.initdb, [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own collation: the same order on every machine, whatever its C library.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    // Making a segment's file stops every commit for as long as it takes: 4 MB is a quarter of the default's pause.
    '--wal-segsize=4',
  ]);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...identity.user,
      cwd: data,
      env: childEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signalName) => {
      if (code === 0) resolve();
      else reject(new Error(`initdb ended with ${signalName ?? code}: ${output.trim()}`));
    });
  });
}
