import type { Readable } from 'node:stream';
import type { ExportFormat, Manifest } from './manifest.js';

/** Whose books, and all that decides how a file of them looks. */
export interface ExportSubject {
  readonly tenantId: string;
  readonly format: ExportFormat;
  readonly schemaVersion: string;
  readonly columns: string;
  /** Rows of a file at most. */
  readonly fileRows: number;
}

/** How far a command on books has come, for a progress bar. */
export interface FileProgress {
  readonly table: string;
  /** From 1. */
  readonly nth: number;
  readonly tables: number;
  /** Of the table, from 1. */
  readonly file: number;
  readonly files: number;
  readonly doing: 'writing' | 'keeping' | 'comparing' | 'reading' | 'verifying';
}

/** A file that is whole. */
export interface DoneFile {
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  /** Tells, to whoever has the key of the installation, whether these rows still are what was written. */
  readonly check: string;
}

/** Where an export goes. */
export interface ExportTarget {
  /**
   * Answers what a broken export of the same subject has finished, and removes its halves.
   * @throws OperatorError when something else is there
   */
  begin(subject: ExportSubject): Promise<readonly (DoneFile & { readonly stored: { readonly sha256: string } })[]>;
  /** Under its name only when all of it is on disk. */
  write(file: string, bytes: Readable): Promise<void>;
  /** What was written last need not be written again, should the export be broken off. */
  note(done: DoneFile): Promise<void>;
  /** Only now is it an export. Files that it does not name are removed: an earlier run may have needed more. */
  finish(manifest: Manifest): Promise<void>;
}

/** Where an export comes from. */
export interface ExportSource {
  /** @throws OperatorError when it is no export */
  manifest(): Promise<Manifest>;
  open(file: string): Readable;
  /** For what must be read out of order; sealed files cannot. */
  pathOf?(file: string): string;
}
