import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../../src/postgres/embedded/layout.js';
import { connectionOf } from '../support/embedded-connection.js';
import { strike } from './blow.js';
import { type ChaosResult, type Experiment, Undo } from './experiment.js';
import { openSingle } from './single.js';

/** The embedded PostgreSQL's main process is killed: the program starts it again; when that goes on, the program ends. */
export const embedded: Experiment = {
  name: 'embedded',
  async run(options) {
    const undo = new Undo();
    try {
      const { clients, program, dataFolder } = await openSingle(options, undo, {
        admin: (folder) => connectionOf(join(folder, 'postgres')) as NonNullable<ReturnType<typeof connectionOf>>,
      });
      const { postmasterPid } = layoutOf(join(dataFolder, 'postgres'));
      const pid = () => Number(readFileSync(postmasterPid, 'utf8').split('\n')[0]);
      const results: ChaosResult[] = [];
      const kills = options.form === 'short' ? 1 : 5;
      for (let i = 1; i <= kills; i += 1)
        results.push(
          await strike(options, clients, {
            what: `embedded PostgreSQL killed, time ${i}`,
            holdMs: 0,
            strike: async () => process.kill(pid(), 'SIGKILL'),
            recoverMsMax: 10_000,
          }),
        );
      if (kills === 5) {
        process.kill(pid(), 'SIGKILL');
        const { code, stderr } = await program.finished;
        if (code !== 1 || !/ended and cannot be kept running/.test(stderr))
          throw new Error(`killed too often, the program ended with ${code}: ${stderr}`);
        results.push({
          what: 'killed a sixth time: the program ends with 1 and a sentence, for its supervisor',
          acknowledged: 0,
          failed: 0,
          unknown: 0,
        });
      }
      return results;
    } finally {
      await undo.run();
    }
  },
};
