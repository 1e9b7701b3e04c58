import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { layoutOf } from '../../../src/postgres/embedded/layout.js';
import { findProcess } from '../../../src/postgres/embedded/processes.js';
import { type EmbeddedServer, startEmbedded } from '../../../src/postgres/embedded/start-embedded.js';
import { ask, countServerProcesses, privateFolder, quietLog, removeFolder } from './helpers.js';
import { type Owner, startOwner } from './start-owner.js';

// One cluster for all: each test leaves it stopped and whole.
// Several clusters are made and many servers started, perhaps beside a busy neighbour.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
let directory: string;
let running: EmbeddedServer | undefined;
let owners: Owner[] = [];
beforeAll(async () => {
  folder = privateFolder();
  directory = join(folder, 'postgres');
  const server = await startEmbedded({ directory, log: quietLog });
  await ask(server.adminSettings, 'create table kept (line int)');
  await server.stop();
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  for (const owner of owners) owner.process.kill('SIGKILL');
  owners = [];
  expect(await countServerProcesses(directory)).toBe(0);
});
afterAll(() => removeFolder(folder));

async function startHere(): Promise<EmbeddedServer> {
  running = await startEmbedded({ directory, log: quietLog });
  return running;
}

async function startElsewhere() {
  const owner = startOwner({ directory });
  owners.push(owner);
  const ready = await owner.ready;
  if (ready === undefined) throw new Error(owner.said());
  return { owner, ready };
}

async function expectCommitted(server: EmbeddedServer, line: number) {
  expect(await ask(server.adminSettings, `select line from kept where line = ${line}`)).toEqual([line]);
}

test('while the owner lives, a second start is refused and names its pid', async () => {
  const { owner } = await startElsewhere();
  await expect(startEmbedded({ directory, log: quietLog })).rejects.toThrow(`process ${owner.process.pid}`);
  owner.process.kill('SIGTERM');
  expect(await owner.exit).toBe(0);
});

test('owner killed, postmaster left: it is adopted, and stopped like any other', async () => {
  const { owner, ready } = await startElsewhere();
  await ask(ready, 'insert into kept values (1)');
  owner.process.kill('SIGKILL');
  expect(await owner.exit).toBe('SIGKILL');
  expect(await findProcess(ready.pid)).toBeDefined();
  const server = await startHere();
  expect(server).toMatchObject({ adopted: true, pid: ready.pid, port: ready.port });
  await expectCommitted(server, 1);
});

test('owner killed and settings changed since: the postmaster left is stopped and a new one started', async () => {
  const { owner, ready } = await startElsewhere();
  owner.process.kill('SIGKILL');
  await owner.exit;
  running = await startEmbedded({ directory, log: quietLog, settings: { work_mem: '5MB' } });
  expect(running.adopted).toBe(false);
  expect(running.pid).not.toBe(ready.pid);
  expect(await ask(running.adminSettings, 'show work_mem')).toEqual(['5MB']);
});

test('both killed: a postmaster that is a zombie counts as dead', async () => {
  // Killed while its parent is frozen and cannot collect it, the postmaster stays a zombie for as long as we like.
  const { owner, ready } = await startElsewhere();
  await ask(ready, 'insert into kept values (2)');
  owner.process.kill('SIGSTOP');
  process.kill(ready.pid, 'SIGKILL');
  const state = () => readFileSync(`/proc/${ready.pid}/stat`, 'utf8').split(') ')[1]?.[0];
  if (existsSync('/proc/self/stat')) {
    while (state() !== 'Z') await sleep(5);
    expect(await findProcess(ready.pid)).toBeUndefined();
  }
  // The frozen owner still lives and would be refused: its lock goes as if it had been killed on another machine's disk.
  const lock = join(directory, 'owner.lock');
  expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: owner.process.pid });
  writeFileSync(lock, JSON.stringify({ pid: owner.process.pid, birth: 'an earlier process with this pid' }));
  const server = await startHere();
  expect(server.adopted).toBe(false);
  await expectCommitted(server, 2);
  owner.process.kill('SIGKILL');
  await owner.exit;
});

test('postmaster killed under a busy session: the session left behind is ended, then the start succeeds', async () => {
  const { owner, ready } = await startElsewhere();
  await ask(ready, 'insert into kept values (3)');
  // Busy, not sleeping: it never looks whether its postmaster lives.
  const busy = ask(ready, `do $$ begin loop perform 1; end loop; end $$`);
  busy.catch(() => {});
  while ((await ask(ready, `select count(*)::int from pg_stat_activity where query like 'do %'`))[0] !== 1)
    await sleep(10);
  process.kill(ready.pid, 'SIGKILL');
  owner.process.kill('SIGKILL');
  await owner.exit;
  await sleep(300);
  expect(await countServerProcesses(directory), 'a session is left').toBeGreaterThan(0);
  const server = await startHere();
  expect(server.adopted).toBe(false);
  await expectCommitted(server, 3);
  await expect(busy).rejects.toThrow();
});

test('a pid that came round again, in postmaster.pid and in the lock, is a stranger and is left alone', async () => {
  const { owner, ready } = await startElsewhere();
  await ask(ready, 'insert into kept values (4)');
  process.kill(ready.pid, 'SIGKILL');
  owner.process.kill('SIGKILL');
  await owner.exit;
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    const { postmasterPid } = layoutOf(directory);
    const lines = readFileSync(postmasterPid, 'utf8').split('\n');
    writeFileSync(postmasterPid, [stranger.pid, ...lines.slice(1)].join('\n'));
    writeFileSync(join(directory, 'owner.lock'), JSON.stringify({ pid: stranger.pid, birth: 'long ago' }));
    const server = await startHere();
    await expectCommitted(server, 4);
    expect(stranger.exitCode).toBeNull();
    expect(await findProcess(stranger.pid ?? 0)).toBeDefined();
  } finally {
    stranger.kill('SIGKILL');
  }
});

test('killed while making the cluster: the leftovers are removed and the next start succeeds', async () => {
  const aside = privateFolder();
  const target = join(aside, 'postgres');
  try {
    const owner = startOwner({ directory: target });
    const drafts = () =>
      existsSync(target) ? readdirSync(target).filter((name) => name.startsWith('cluster.new-')) : [];
    // In the middle of initdb: it has begun to write, and takes a good while longer.
    await expect
      .poll(() => drafts().some((draft) => existsSync(join(target, draft, 'data', 'PG_VERSION'))), { timeout: 60_000 })
      .toBe(true);
    owner.process.kill('SIGKILL');
    await owner.exit;
    expect(drafts()).toHaveLength(1);
    expect(existsSync(layoutOf(target).cluster)).toBe(false);
    const server = await startEmbedded({ directory: target, log: quietLog });
    expect(await ask(server.adminSettings, 'select 1')).toEqual([1]);
    expect(drafts()).toEqual([]);
    await server.stop();
  } finally {
    await removeFolder(aside);
  }
});

test('a postmaster that ends by itself is started again on its port, and not for ever', async () => {
  const reasons: string[] = [];
  running = await startEmbedded({ directory, log: quietLog, onLost: (reason) => reasons.push(reason) });
  const { adminSettings, pid } = running;
  await ask(adminSettings, 'insert into kept values (77)');
  // The last signal is that of an operator who stops it by hand: it has not been asked of us either.
  for (const name of ['SIGKILL', 'SIGKILL', 'SIGQUIT', 'SIGKILL', 'SIGINT'] as const) {
    const before = running.pid;
    process.kill(before, name);
    await expect.poll(() => running?.pid, { timeout: 20_000 }).not.toBe(before);
  }
  expect(running.pid).not.toBe(pid);
  expect(await ask(adminSettings, 'select count(*)::int from kept where line = 77')).toEqual([1]);
  expect(reasons).toEqual([]);
  process.kill(running.pid, 'SIGKILL');
  await expect.poll(() => reasons, { timeout: 10_000 }).toHaveLength(1);
  expect(reasons[0]).toMatch(/ended and cannot be kept running .*6 times within 10 minutes/);
});

test('three starters at once on a folder whose owner was killed: one gets it, the others are told', async () => {
  const { owner, ready } = await startElsewhere();
  owner.process.kill('SIGKILL');
  await owner.exit;
  const starters = [1, 2, 3].map(() => startOwner({ directory }));
  owners.push(...starters);
  const outcomes = await Promise.all(starters.map((starter) => starter.ready));
  const [winner] = outcomes.filter((outcome) => outcome !== undefined);
  expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(2);
  expect(winner).toMatchObject({ adopted: true, pid: ready.pid });
  const losers = starters.filter((_starter, index) => outcomes[index] === undefined);
  for (const loser of losers) {
    expect(await loser.exit).toBe(3);
    expect(loser.said()).toMatch(/belongs to a running cofferdam, process \d+|several processes are starting/);
  }
  const lucky = starters.find((_starter, index) => outcomes[index] !== undefined);
  lucky?.process.kill('SIGTERM');
  expect(await lucky?.exit).toBe(0);
});

test('the port of last time is taken: another one is found', async () => {
  const { portFile } = layoutOf(directory);
  const squatter = createServer().listen(Number(readFileSync(portFile, 'utf8')), '127.0.0.1');
  await once(squatter, 'listening');
  try {
    const server = await startHere();
    expect(server.port).not.toBe((squatter.address() as AddressInfo).port);
    expect(await ask({ ...server.adminSettings, host: '127.0.0.1' }, 'select 1')).toEqual([1]);
  } finally {
    squatter.close();
  }
});

test('a server that cannot start says why, and leaves the folder free', async () => {
  const wrong = startEmbedded({ directory, log: quietLog, settings: { shared_buffers: 'plenty' } });
  await expect(wrong).rejects.toThrow(/invalid value for parameter "shared_buffers"/);
  await startHere();
});
