import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findRunning } from '../../../src/postgres/embedded/find-running.js';
import { layoutOf } from '../../../src/postgres/embedded/layout.js';
import { startEmbedded } from '../../../src/postgres/embedded/start-embedded.js';
import { ask, countServerProcesses, openToOthers, overTcp, privateFolder, quietLog, removeFolder } from './helpers.js';

// Several clusters are made and many servers started, perhaps beside a busy neighbour.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
let directory: string;
beforeEach(() => {
  folder = privateFolder();
  directory = join(folder, 'postgres');
});
afterEach(() => removeFolder(folder));

test('a start in a private folder, a stop that leaves nothing running, and a second start that finds the data', async () => {
  const progress: string[] = [];
  const first = await startEmbedded({ directory, log: quietLog, onProgress: (message) => progress.push(message) });
  expect(first.adopted).toBe(false);
  expect(progress).toEqual(['making the database cluster', 'starting PostgreSQL']);
  await ask(first.adminSettings, 'create table kept as select 42 as answer');
  await expect(startEmbedded({ directory, log: quietLog })).rejects.toThrow(`process ${process.pid}`);
  expect(await findRunning(directory)).toEqual(first.adminSettings);
  if (process.platform === 'linux') {
    // A group of its own: Ctrl-C in the terminal reaches us alone.
    const groupOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2];
    expect(groupOf(first.pid)).toBe(String(first.pid));
  }
  const running = openToOthers(directory);

  await first.stop();
  await first.stop();
  expect(await countServerProcesses(directory)).toBe(0);
  expect(existsSync(join(directory, 'owner.lock'))).toBe(false);
  expect(await findRunning(directory)).toBeUndefined();
  expect([...running, ...openToOthers(directory)]).toEqual([]);

  const before = performance.now();
  const second = await startEmbedded({ directory, log: quietLog });
  const tookMs = performance.now() - before;
  try {
    expect(await ask(second.adminSettings, 'select answer from kept')).toEqual([42]);
    expect(second.port).toBe(first.port);
    expect(second.adminSettings.password).toBe(first.adminSettings.password);
    // 0.2–0.4 s on an idle machine; the bound only catches a start that has lost its way.
    expect(tookMs).toBeLessThan(5_000);
  } finally {
    await second.stop();
  }
});

test('every door asks for the password by SCRAM, flushing is on, and no secret lies about', async () => {
  const server = await startEmbedded({ directory, log: quietLog });
  try {
    const settings = server.adminSettings;
    const tcp = overTcp(settings);
    expect(await ask(tcp, 'select 1')).toEqual([1]);
    for (const door of [settings, tcp])
      for (const password of ['', 'postgres', settings.password.slice(1)])
        await expect(ask({ ...door, password }, 'select 1')).rejects.toThrow(/password/);
    expect(await ask(settings, `select distinct auth_method from pg_hba_file_rules`), 'authentication methods').toEqual(
      ['scram-sha-256'],
    );
    expect(
      await ask(settings, `select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'postgres'`),
    ).toEqual([true]);
    expect(
      await ask(
        settings,
        `select setting from pg_settings where name in ('fsync', 'listen_addresses', 'max_connections', 'synchronous_commit') order by name`,
      ),
    ).toEqual(['on', '127.0.0.1', '300', 'on']);
    expect(JSON.stringify(settings)).not.toContain(settings.password);

    const { log, root, passwordFile } = layoutOf(directory);
    expect(readFileSync(passwordFile, 'utf8')).toBe(settings.password);
    await expect(ask(settings, `create role broken login password 'very-secret' no_such_option`)).rejects.toThrow();
    expect(readFileSync(log, 'utf8')).not.toContain('very-secret');
    expect(readdirSync(join(root, 'cluster')).sort()).toEqual(['data', 'superuser-password']);
    // The socket is in our folder, nowhere common.
    expect(await ask(settings, 'show unix_socket_directories')).toEqual([root]);
  } finally {
    await server.stop();
  }
});
