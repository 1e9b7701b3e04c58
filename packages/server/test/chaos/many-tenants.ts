import type { EmbeddedServer } from '../../src/postgres/embedded/start-embedded.js';
import { type Clients, openClients, strike } from './blow.js';
import { type ChaosOptions, type ChaosResult, type Experiment, Undo, within } from './experiment.js';
import { type IsolatedServer, startIsolated } from './network.js';
import { ask, overTcp, startPostgres } from './postgres.js';
import { temporaryRoot } from './single.js';
import { call, World, type WorldTenant } from './world.js';

interface Stage {
  readonly options: ChaosOptions;
  readonly world: World;
  /** Holds the control and access databases, and tenant A. */
  readonly first: EmbeddedServer;
  restartFirst(): Promise<void>;
  /** Holds tenant B. */
  readonly second: IsolatedServer;
  readonly a: Clients;
  readonly b: Clients;
}

/**
 * One process, two PostgreSQL servers with a tenant each, the second in a network namespace of its own: it is cut off, the
 * change feed is lost, the server of the control database goes down (tenancy §6.5: fail-static).
 */
export const manyTenants: Experiment = {
  name: 'tenants',
  async run(options) {
    const undo = new Undo();
    try {
      const roots = [temporaryRoot(undo), temporaryRoot(undo)] as const;
      const [started, second] = await Promise.all([startPostgres(roots[0]), startIsolated(undo, roots[1])]);
      let first = started;
      undo.add(() => first.stop({ fastMs: 2_000, immediateMs: 3_000 }));
      const world = new World(overTcp(first));
      undo.add(() => world.remove());
      await world.start();
      const { host, port, database, user, password } = second.admin;
      const server = { id: 'b', host, port, database, user, password, sslmode: 'disable' };
      const added = await world.operate('POST', '/v1/servers', server);
      if (added.status !== 201) throw new Error(added.text);
      const clientsOf = async ({ database: books, token }: WorldTenant, admin: () => typeof second.admin) => {
        const clients = await openClients(options, { url: () => world.urls.ledger, admin, database: books, token });
        undo.add(() => clients.close());
        return clients;
      };
      const stage: Stage = {
        options,
        world,
        get first() {
          return first;
        },
        async restartFirst() {
          first = await startPostgres(roots[0]);
        },
        second,
        a: await clientsOf(await world.tenant('default'), () => overTcp(first)),
        b: await clientsOf(await world.tenant('b'), () => second.admin),
      };
      return [...(await cutOff(stage)), ...(await feedLost(stage)), ...(await controlDown(stage))];
    } finally {
      await undo.run();
    }
  },
};

/** Load on a bystander while something happens to others: none of its requests may fail. */
async function beside(bystander: Clients, what: string, work: () => Promise<ChaosResult>): Promise<ChaosResult[]> {
  const { workload } = bystander;
  const before = workload.counts.acknowledged;
  const failedBefore = workload.failures.length;
  workload.slowestMs = 0;
  workload.start(bystander.url);
  const result = await work().finally(() => workload.stop());
  await bystander.check();
  const failures = workload.failures.slice(failedBefore);
  const acknowledged = workload.counts.acknowledged - before;
  if (failures.length > 0) throw new Error(`${what}: ${failures.length} failed, e.g. ${failures[0]}`);
  if (acknowledged < 20) throw new Error(`${what}: only ${acknowledged} served`);
  const note = `slowest answer ${Math.round(workload.slowestMs)} ms`;
  return [result, { what, acknowledged, failed: 0, unknown: 0, note }];
}

function cutOff({ options, second, a, b }: Stage): Promise<ChaosResult[]> {
  return beside(a, '  the tenant on the other server meanwhile', () =>
    strike(options, b, {
      what: 'one of two PostgreSQL servers cut off (network namespace)',
      holdMs: options.form === 'short' ? 2_000 : 20_000,
      strike: async () => second.cut(),
      heal: async () => second.join(),
      recoverMsMax: 30_000,
    }),
  );
}

/** The feed cannot be read any more, the control database otherwise can: every request asks for the tenant's status. */
async function feedLost({ options, world, first, a }: Stage): Promise<ChaosResult[]> {
  const control = { ...overTcp(first), database: 'cofferdam_control' };
  const [{ reader }] = await ask(
    control,
    `select grantee as reader from information_schema.role_table_grants
      where table_schema = 'control' and table_name = 'ledger_tenant' and grantee <> 'postgres'`,
  );
  const victim = await world.tenant('default');
  const asVictim = () => call(world.urls.ledger, 'GET', '/v1/organizations', { token: victim.token });
  if ((await asVictim()).status !== 200) throw new Error('the tenant to be suspended is not served');
  const isFresh = async () => (await call(world.urls.ledger, 'GET', '/readyz')).body.checks.control.status === 'up';
  let recoveredMs = 0;
  const result = await strike(options, a, {
    what: 'change feed lost',
    holdMs: options.form === 'short' ? 1_500 : 10_000,
    strike: () => ask(control, `revoke select on control.feed from ${reader}`),
    meanwhile: async () => {
      await within(5_000, 'the feed is known to be silent', async () => !(await isFresh()));
      await world.operate('PUT', `/v1/tenants/${victim.id}/suspend`);
      const ms = await within(2_000, 'a tenant suspended without the feed is refused', async () => {
        return (await asVictim()).status === 403;
      });
      return `a suspended tenant was refused after ${Math.round(ms)} ms`;
    },
    heal: async () => {
      await ask(control, `grant select on control.feed to ${reader}`);
      recoveredMs = await within(5_000, 'the feed is followed again', isFresh);
    },
    recoverMsMax: 2_000,
  });
  if (result.failed > 0) throw new Error(`feed lost: ${result.failed} requests of a known tenant failed`);
  return [{ ...result, recoveredMs }];
}

/** Fail-static: who is known is served from the other server for 15 minutes, who is not gets 503; then all are again. */
async function controlDown(stage: Stage): Promise<ChaosResult[]> {
  const { options, world, a, b } = stage;
  const stranger = await world.tenant('b');
  const asStranger = () => call(world.urls.ledger, 'GET', '/v1/organizations', { token: stranger.token });
  let feedMs = 0;
  const results = await beside(b, '  a known tenant on the other server meanwhile (fail-static)', () =>
    strike(options, a, {
      what: 'server of the control database down (and of tenant A)',
      holdMs: options.form === 'short' ? 1_500 : 20_000,
      strike: () => stage.first.stop({ fastMs: 500, immediateMs: 3_000 }),
      meanwhile: async () => {
        const { status, body } = await asStranger();
        if (status !== 503 || body.code !== '0161') throw new Error(`a tenant never seen got ${status} ${body?.code}`);
        await within(3_000, '/readyz says degraded, and goes on saying 200', async () => {
          const ready = await call(world.urls.ledger, 'GET', '/readyz');
          if (ready.status !== 200) throw new Error(`/readyz said ${ready.status} ${ready.text}`);
          return ready.body.checks.control.status === 'degraded';
        });
        return 'a tenant never seen got 503, /readyz said degraded';
      },
      heal: () => stage.restartFirst(),
      recoverMsMax: 15_000,
    }),
  );
  feedMs = await within(5_000, 'the feed is followed again', async () => {
    return (await call(world.urls.ledger, 'GET', '/readyz')).body.checks.control.status === 'up';
  });
  await within(5_000, 'the tenant that was never seen is served', async () => (await asStranger()).status === 200);
  const [down, ...others] = results as [ChaosResult, ...ChaosResult[]];
  return [{ ...down, note: `${down.note}; feed again ${Math.round(feedMs)} ms after the checks` }, ...others];
}
