import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProcess } from '../../src/postgres/embedded/processes.js';
import { strike } from './blow.js';
import { type Experiment, Undo } from './experiment.js';
import { overTcp, startPostgres } from './postgres.js';
import { openSingle } from './single.js';

/** PostgreSQL's whole folder lies on a small file system that somebody else's file fills up. */
export const diskFull: Experiment = {
  name: 'disk-full',
  async run(options) {
    const undo = new Undo();
    try {
      const root = mkdtempSync(join(tmpdir(), 'cofferdam-chaos-disk-'));
      undo.add(() => rmSync(root, { recursive: true, force: true }));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=0755', 'cofferdam-chaos', root]);
      undo.add(() => execFileSync('umount', [root]));
      let postgres = await startPostgres(root);
      undo.add(() => postgres.stop({ fastMs: 2_000, immediateMs: 3_000 }));
      const { clients } = await openSingle(options, undo, {
        database: overTcp(postgres),
        admin: () => overTcp(postgres),
      });
      const ballast = join(root, 'ballast');
      let died = false;
      return [
        await strike(options, clients, {
          what: 'disk full (data and WAL)',
          holdMs: options.form === 'short' ? 2_500 : 15_000,
          strike: async () => fill(ballast),
          meanwhile: async () => {
            // What is freed meanwhile (recycled WAL, a checkpoint) is filled up again.
            const refill = setInterval(() => fill(ballast), 200);
            setTimeout(() => clearInterval(refill), options.form === 'short' ? 2_000 : 14_000);
            return undefined;
          },
          heal: async () => {
            rmSync(ballast);
            died = (await findProcess(postgres.pid)) === undefined;
            // What a supervisor does.
            if (!died) return;
            await postgres.stop();
            postgres = await startPostgres(root);
          },
          recoverMsMax: 20_000,
        }),
      ].map((result) => ({
        ...result,
        note: died ? 'PostgreSQL had ended; started again once there was room' : 'PostgreSQL lived on',
      }));
    } finally {
      await undo.run();
    }
  },
};

/** Until the file system takes no more: in blocks, then in bytes of a page. */
function fill(path: string): void {
  for (const size of [1 << 20, 1 << 12]) {
    const block = Buffer.alloc(size, 1);
    try {
      for (;;) appendFileSync(path, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
