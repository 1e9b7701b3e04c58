import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { reconcile } from '../crash/rounds.js';
import { run } from '../support/program.js';
import { openClients } from './blow.js';
import { type Experiment, Undo, within } from './experiment.js';
import { overTcp, startPostgres } from './postgres.js';
import { temporaryRoot } from './single.js';
import { call, World } from './world.js';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * Two processes behind HAProxy with the file of deploy/compose are replaced, one by one and under load, by a later build with one
 * migration more, as docs/runbooks/upgrade.md says. No request may fail, and none may be there twice.
 */
export const upgrade: Experiment = {
  name: 'upgrade',
  async run(options) {
    const undo = new Undo();
    try {
      const postgres = await startPostgres(temporaryRoot(undo));
      undo.add(() => postgres.stop({ fastMs: 2_000, immediateMs: 3_000 }));
      const later = laterBuild(temporaryRoot(undo));
      const world = new World(overTcp(postgres), { SHUTDOWN_DELAY_SECONDS: '3' });
      undo.add(() => world.remove());
      const ports = [await freePort(), await freePort(), await freePort()] as const;
      const old = [
        await world.start({ SERVER_PORT: String(ports[0]) }),
        await world.start({ SERVER_PORT: String(ports[1]) }),
      ] as const;
      const balancer = await startBalancer(undo, temporaryRoot(undo), ports);
      const { database, token } = await world.tenant();
      const clients = await openClients(options, {
        url: () => balancer,
        admin: () => overTcp(postgres),
        database,
        token,
      });
      undo.add(() => clients.close());
      const { workload } = clients;
      workload.slowestMs = 0;
      workload.start(() => balancer);
      const versions = new Set<string>();
      const look = setInterval(() => {
        void call(balancer, 'GET', '/version').then(
          ({ status, body, text }) => versions.add(status === 200 ? body.version : `${status} ${text.slice(0, 80)}`),
          () => versions.add('no answer'),
        );
      }, 50);
      undo.add(() => clearInterval(look));

      const migrated = await run(['migrate', '--json'], { program: later, environment: world.environment });
      if (migrated.code !== 0) throw new Error(`migrate: ${migrated.stdout} ${migrated.stderr}`);
      let drainMs = 0;
      for (const [i, { program }] of old.entries()) {
        const startedAt = performance.now();
        const { code } = await program.stop();
        drainMs = Math.max(drainMs, performance.now() - startedAt);
        if (code !== 0) throw new Error(`a drained process ended with ${code}`);
        const { url } = await world.start({ SERVER_PORT: String(ports[i]) }, later);
        await within(
          10_000,
          'the new process is ready',
          async () => (await call(url, 'GET', '/readyz')).status === 200,
        );
        // The balancer has to see it before the other one goes.
        await delay(options.form === 'short' ? 1_200 : 5_000);
      }
      await workload.stop();
      clearInterval(look);
      const { acknowledged, unknown } = await reconcile(workload, balancer, clients.check);
      if (workload.failures.length > 0)
        throw new Error(
          `${workload.failures.length} requests failed, e.g. ${workload.failures.slice(0, 3).join('; ')}`,
        );
      if ([...versions].sort().join() !== '0.1.0,0.1.1') throw new Error(`versions seen: ${[...versions].join(', ')}`);
      const note = `slowest answer ${Math.round(workload.slowestMs)} ms, longest drain ${(drainMs / 1_000).toFixed(1)} s`;
      return [
        { what: 'rolling upgrade behind HAProxy, a migration in between', acknowledged, failed: 0, unknown, note },
      ];
    } finally {
      await undo.run();
    }
  },
};

/** This build under a later number, with one more migration that only adds. Answers the path of its program. */
function laterBuild(root: string): string {
  const here = join(repository, 'packages', 'server');
  const there = join(root, 'packages', 'server');
  mkdirSync(there, { recursive: true });
  for (const part of ['bin', 'dist']) cpSync(join(here, part), join(there, part), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  symlinkSync(join(here, 'node_modules'), join(there, 'node_modules'));
  const described = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  writeFileSync(join(there, 'package.json'), JSON.stringify({ ...described, version: '0.1.1' }));
  const column = 'alter table transaction add column later boolean not null default false';
  appendFileSync(
    join(there, 'dist', 'ledger', 'migrations', 'index.js'),
    `\nledgerMigrations.push({ id: '9999_later', sql: '${column}' });\n`,
  );
  return join(there, 'bin', 'cofferdam.js');
}

async function startBalancer(undo: Undo, root: string, [one, two, own]: readonly [number, number, number]) {
  const file = readFileSync(join(repository, 'deploy', 'compose', 'balancer.cfg'), 'utf8')
    .replace('bind :3002', `bind 127.0.0.1:${own}`)
    .replace('ledger-1:3002', `127.0.0.1:${one}`)
    .replace('ledger-2:3002', `127.0.0.1:${two}`);
  const path = join(root, 'balancer.cfg');
  writeFileSync(path, file);
  execFileSync('haproxy', ['-c', '-q', '-f', path]);
  const child = spawn('haproxy', ['-db', '-q', '-f', path], { stdio: ['ignore', 'ignore', 'inherit'] });
  undo.add(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const url = `http://127.0.0.1:${own}`;
  await within(10_000, 'the balancer', () =>
    call(url, 'GET', '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  return url;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
