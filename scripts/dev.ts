/** The program from its source: `npm run dev -- serve`. What is installed runs the compiled one (packages/server/bin). */
import { main } from '../packages/server/src/cli/main.js';

process.exitCode = await main(process.argv.slice(2));
