/** `cofferdam books` and `cofferdam backup` on the installation of a test, in a process that can be killed (broken-off.long.test.ts). */
import type { OpenBooks } from '../../../src/cli/parts/books.js';
import { restoreBooks } from '../../../src/cli/restore-books.js';
import { exportBooks } from '../../../src/ledger/exit/export-books.js';
import type { FileProgress } from '../../../src/ledger/exit/export-files.js';
import { importBooks } from '../../../src/ledger/exit/import-books.js';
import type { ExportFormat } from '../../../src/ledger/exit/manifest.js';
import { plainFolder } from '../../../src/ledger/exit/plain-folder.js';
import { readLabel, sealedTarget } from '../../../src/ledger/exit/sealed-folder.js';
import { installationNames } from '../../../src/postgres/installation.js';
import { openBooksOf } from '../../support/open-books.js';

export interface Order {
  readonly environment: Readonly<Record<string, string>>;
  readonly prefix: string;
  readonly tenantId: string;
  readonly work: 'export' | 'backup' | 'import' | 'restore';
  readonly folder: string;
  readonly format: ExportFormat;
  readonly recipient: string;
  readonly identity: string;
  readonly fileRows?: number;
  /** `kill -9` when it comes to write this file, or when an import is committed and not yet told. */
  readonly dieAt?: { readonly table: string; readonly file: number } | 'committed';
}

const die = () => process.kill(process.pid, 'SIGKILL');

/** Does what is ordered. */
export async function workOn(order: Order): Promise<void> {
  const { environment, folder, identity, work, dieAt, fileRows } = order;
  const onFile = ({ table, file, doing }: FileProgress): void => {
    if (typeof dieAt === 'object' && doing === 'writing' && table === dieAt.table && file === dieAt.file) die();
  };
  const say = (text: string): void => {
    if (dieAt === 'committed' && text.startsWith('audit')) die();
  };
  const use = work === 'import' || work === 'restore' ? 'write' : 'read';
  const installation = { environment, names: installationNames(order.prefix) };
  const onBooks = async (books: OpenBooks): Promise<void> => {
    const { store, tenant } = books;
    if (work === 'import') {
      await importBooks(store, { source: plainFolder(folder), onFile });
      say('audit');
      return;
    }
    if (work === 'restore') {
      const label = await readLabel(folder);
      const options = { from: folder, label, identity, replace: false, asNew: true };
      return restoreBooks({ ...books, progress: { say } }, options);
    }
    const target = work === 'export' ? plainFolder(folder) : sealedTarget(folder, [order.recipient]);
    const resumeKey = Buffer.from(String(environment['COFFERDAM_ENCRYPTION_KEY']), 'base64');
    const options = { target, tenant, resumeKey, onFile, now: () => new Date(), format: order.format };
    await exportBooks(store, { ...options, ...(fileRows === undefined ? {} : { fileRows }) });
  };
  await openBooksOf(installation, order.tenantId, onBooks, use);
}

const given = process.argv[2];
if (given?.startsWith('{')) await workOn(JSON.parse(given));
