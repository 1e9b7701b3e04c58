// Runs after `npm ci`. A checkout has TypeScript and is compiled; a packed release (`npm ci --omit=dev`) brings `dist` along.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';

const compiler = new URL('../node_modules/typescript/bin/tsc', import.meta.url);
const compiled = new URL('../packages/server/dist/cli/main.js', import.meta.url);

if (existsSync(compiler)) {
  const run = spawnSync(process.execPath, [compiler.pathname, '-b'], { stdio: 'inherit' });
  if (run.status === 0) writeBuildInfo();
  process.exit(run.status ?? 1);
}
if (!existsSync(compiled)) {
  console.error('Neither TypeScript nor compiled output is here: install with development dependencies once (npm ci).');
  process.exit(1);
}

/** For `GET /version`. Without git, or outside a checkout, only the time is known. */
function writeBuildInfo() {
  const root = new URL('..', import.meta.url);
  const git = (...args) => {
    const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
    return status === 0 ? stdout.trim() : '';
  };
  // In a checkout of something else that has us inside, there is a prefix.
  const isOurs = git('rev-parse', '--show-prefix') === '';
  const info = {
    commit: isOurs ? git('rev-parse', 'HEAD') : '',
    buildTime: new Date().toISOString(),
    dirty: isOurs && git('status', '--porcelain', '--untracked-files=no') !== '',
  };
  writeFileSync(new URL('../packages/server/dist/build.json', import.meta.url), JSON.stringify(info));
}
