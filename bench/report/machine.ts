import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** What a reader must know of the machine, and nothing that names it. */
export function describeMachine(): readonly string[] {
  const processors = cpus();
  return [
    `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    `${type()} ${release().split('-')[0]}, Node ${process.version.slice(1)}, PostgreSQL ${postgresVersion()} (embedded, fsync on, its own defaults otherwise)`,
    'server, PostgreSQL and load generator share these processors',
  ];
}

function postgresVersion(): string {
  const manifest = new URL('../../packages/server/package.json', import.meta.url);
  const versions = Object.values(JSON.parse(readFileSync(manifest, 'utf8')).optionalDependencies as object);
  return String(versions[0]).split('-')[0] as string;
}
