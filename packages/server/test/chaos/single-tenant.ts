import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionSettings } from '../../src/postgres/connection-settings.js';
import { type Clients, strike } from './blow.js';
import { openCuttingLine } from './cutting-line.js';
import { type ChaosOptions, type ChaosResult, type Experiment, Undo, within } from './experiment.js';
import { overTcp, startPostgres } from './postgres.js';
import { openSingle, temporaryRoot } from './single.js';

/**
 * One program and one PostgreSQL of its own: restarted under load; connections lost in the middle of COMMIT; the wall clock
 * of the program jumps, by Debian's libfaketime (PostgreSQL's and the clients' clocks do not).
 */
export const single: Experiment = {
  name: 'single',
  async run(options) {
    const undo = new Undo();
    try {
      const root = temporaryRoot(undo);
      let postgres = await startPostgres(root);
      undo.add(() => postgres.stop({ fastMs: 2_000, immediateMs: 3_000 }));
      const line = await openCuttingLine(postgres.port, options.dice.random);
      undo.add(() => line.close());
      const offset = join(root, 'offset');
      writeFileSync(offset, '+0');
      const { clients } = await openSingle(options, undo, {
        database: connectionSettings({ ...overTcp(postgres), port: line.port }),
        admin: () => overTcp(postgres),
        environment: {
          LD_PRELOAD: fakeTimeLibrary(),
          FAKETIME_TIMESTAMP_FILE: offset,
          FAKETIME_NO_CACHE: '1',
          // A step of the wall clock, as by NTP: the monotonic clock does not jump.
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
          DONT_FAKE_MONOTONIC: '1',
        },
      });
      const restarted = await strike(options, clients, {
        what: 'PostgreSQL restarted under load',
        holdMs: 0,
        strike: () => postgres.stop(),
        heal: async () => {
          postgres = await startPostgres(root);
        },
        recoverMsMax: 10_000,
      });
      const cut = await strike(options, clients, {
        what: 'connections lost in the middle of COMMIT',
        holdMs: options.form === 'short' ? 0 : 30_000,
        strike: async () => line.cutOneIn(4),
        meanwhile: async () => {
          await within(30_000, 'five commits cut', async () => line.cuts >= 5);
          return undefined;
        },
        heal: async () => line.cutOneIn(0),
        recoverMsMax: 5_000,
      });
      const lost = { ...cut, note: `${line.cuts} commits cut, about half of them after they were done` };
      return [restarted, lost, ...(await clockJumps(options, clients, offset))];
    } finally {
      await undo.run();
    }
  },
};

function fakeTimeLibrary(): string {
  const places = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`);
  const found = places.find(existsSync);
  if (found === undefined) throw new Error('libfaketime is missing: install the Debian package libfaketime');
  return found;
}

async function clockJumps(options: ChaosOptions, clients: Clients, offset: string): Promise<ChaosResult[]> {
  const results: ChaosResult[] = [];
  const jumps = [
    ['two minutes ahead', '+120'],
    ['an hour back', '-3600'],
    ['a day ahead', '+86400'],
  ] as const;
  for (const [name, jump] of options.form === 'short' ? jumps.slice(1) : jumps) {
    const result = await strike(options, clients, {
      what: `clock jumps ${name}, and back`,
      holdMs: options.form === 'short' ? 300 : 5_000,
      strike: async () => writeFileSync(offset, jump),
      meanwhile: async () => {
        const { requestDate } = (await (await fetch(`${clients.url()}/version`)).json()) as { requestDate: string };
        const off = (Date.parse(requestDate) - Date.now()) / 1_000;
        if (Math.abs(off - Number(jump)) > 30) throw new Error(`the clock did not jump: it is off by ${off} s`);
        return undefined;
      },
      heal: async () => writeFileSync(offset, '+0'),
      recoverMsMax: 2_000,
    });
    if (result.failed > 0) throw new Error(`${result.what}: ${result.failed} requests failed`);
    results.push({ ...result, recoveredMs: undefined });
  }
  return results;
}
