import type { Readable } from 'node:stream';
import type { Manifest } from './manifest.js';

/** Where an export goes. */
export interface ExportTarget {
  /** Removes what a broken export left. @throws Error when something else is there */
  begin(): Promise<void>;
  write(file: string, bytes: Readable): Promise<void>;
  /** Only now is it an export. */
  finish(manifest: Manifest): Promise<void>;
}

/** Where an export comes from. */
export interface ExportSource {
  /** @throws TypeError when it is no export */
  manifest(): Promise<Manifest>;
  open(file: string): Readable;
  /** For what must be read out of order; sealed files cannot. */
  pathOf?(file: string): string;
}
