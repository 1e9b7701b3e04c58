// Runs after `npm ci`. A checkout has TypeScript and is compiled; a packed release (`npm ci --omit=dev`) brings `dist` along.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const compiler = new URL('../node_modules/typescript/bin/tsc', import.meta.url);
const compiled = new URL('../packages/server/dist/cli/main.js', import.meta.url);

if (existsSync(compiler)) {
  const run = spawnSync(process.execPath, [compiler.pathname, '-b'], { stdio: 'inherit' });
  process.exit(run.status ?? 1);
}
if (!existsSync(compiled)) {
  console.error('Neither TypeScript nor compiled output is here: install with development dependencies once (npm ci).');
  process.exit(1);
}
