import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Of the package. */
export const version: string = createRequire(import.meta.url)('../../package.json').version;

export interface BuildInfo {
  /** Of the source; empty when it was not built from a checkout. */
  readonly commit: string;
  /** RFC 3339; empty when unknown. */
  readonly buildTime: string;
  /** The checkout had changes that were not committed. */
  readonly dirty: boolean;
}

/** What `scripts/prepare.mjs` wrote beside the compiled program. Once, at start. */
export const buildInfo: BuildInfo = readBuildInfo();

function readBuildInfo(): BuildInfo {
  try {
    return JSON.parse(readFileSync(new URL('../../dist/build.json', import.meta.url), 'utf8')) as BuildInfo;
  } catch {
    return { commit: '', buildTime: '', dirty: false };
  }
}
