import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { exportBooks } from '../../packages/server/src/ledger/exit/export-books.js';
import type { ExportTarget } from '../../packages/server/src/ledger/exit/export-files.js';
import { importBooks } from '../../packages/server/src/ledger/exit/import-books.js';
import { exportFormats, type Manifest } from '../../packages/server/src/ledger/exit/manifest.js';
import { plainFolder } from '../../packages/server/src/ledger/exit/plain-folder.js';
import { sealedSource, sealedTarget } from '../../packages/server/src/ledger/exit/sealed-folder.js';
import { openBookStage } from './stage.js';

const kinds = [...exportFormats, 'backup'] as const;
type Kind = (typeof kinds)[number];
const leastOverCopy = 0.25;
const resumeKey = randomBytes(32);

const help = `npm run bench:books -- [options]

Exports the books of one ledger in each format and imports them into empty books, against COPY of the same rows into the
same indexed tables, triggers on, without any comparison. An import is timed whole: hashes of all files, reading, the comparison of
what was read, and the audit that \`cofferdam books import\` ends with. Each export is also done a second time over a folder where all
but its manifest is there: what going on after a kill costs. Starts a PostgreSQL of its own; one to two minutes.

  --operations N   operations in the ledger (default 400,000)
  --rounds N       COPY and import take turns so often (default 3); the medians count
  --json FILE      the figures for programs
  --help           this text

Says whether every import reaches a quarter of the rate of COPY, and ends with exit code 1 when one does not.
`;
const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '400000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else await run(Number(values.operations), Number(values.rounds));

async function run(operations: number, rounds: number): Promise<void> {
  if (!(operations > 0 && rounds > 0)) throw new RangeError('--operations and --rounds must be numbers above 0');
  const stage = await openBookStage(operations, say);
  try {
    const seconds: Record<string, number[]> = {};
    const time = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      say(name);
      const started = performance.now();
      await work();
      seconds[name] = [...(seconds[name] ?? []), (performance.now() - started) / 1000];
    };
    const folder = (kind: string): string => join(stage.folder, kind);
    const quiet = () => undefined;
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    const targetOf = (kind: Kind) =>
      kind === 'backup' ? sealedTarget(folder(kind), [recipient]) : plainFolder(folder(kind));
    const sourceOf = (kind: Kind) =>
      kind === 'backup' ? sealedSource(folder(kind), identity) : plainFolder(folder(kind));
    let manifest: Manifest | undefined;
    const write = (kind: Kind, target: ExportTarget) =>
      stage.withBooks('cofferdam_ledger', async (store) => {
        const format = kind === 'backup' ? 'csv' : kind;
        const common = { format, tenant: { id: 'bench' }, now: () => new Date(), onFile: quiet, resumeKey } as const;
        manifest = await exportBooks(store, { ...common, target });
      });
    for (const kind of kinds) {
      const killed = new Error('as if killed before the manifest');
      const target = targetOf(kind);
      await time(`write ${kind}`, () =>
        write(kind, { ...target, finish: () => Promise.reject(killed) }).catch((error) => {
          if (error !== killed) throw error;
        }),
      );
      await time(`write ${kind} again, all files kept`, () => write(kind, targetOf(kind)));
    }
    if (manifest === undefined) return;
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    for (let round = 0; round < rounds; round += 1) {
      await stage.withEmptyBooks((store) => time('COPY alone', () => copyAlone(store.client, folder('csv'))));
      for (const kind of kinds)
        await stage.withEmptyBooks((store, audit) =>
          time(`import ${kind}`, async () => {
            await importBooks(store, { source: sourceOf(kind), onFile: quiet });
            await audit();
          }),
        );
    }
    const copy = median(seconds['COPY alone'] ?? []);
    const figures = Object.entries(seconds).map(([name, all]) => {
      const middle = median(all);
      return { name, seconds: middle, rowsPerSecond: rows / middle, overCopy: copy / middle };
    });
    console.log(`\n${rows.toLocaleString('en-US')} rows; median of ${rounds} (writing once)\n`);
    console.log('| | s | rows/s | of COPY |\n|---|--:|--:|--:|');
    for (const { name, seconds: s, rowsPerSecond, overCopy } of figures)
      console.log(
        `| ${name} | ${s.toFixed(1)} | ${Math.round(rowsPerSecond).toLocaleString('en-US')} | ${overCopy.toFixed(2)} |`,
      );
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ rows, figures }, undefined, 2));
    const slow = figures.filter(({ name, overCopy }) => name.startsWith('import') && overCopy < leastOverCopy);
    const verdict = slow.length === 0 ? 'holds' : `**does not hold**: ${slow.map(({ name }) => name).join(', ')}`;
    console.log(`\nEvery import, verified and audited, at ${leastOverCopy} of the rate of COPY or more: ${verdict}`);
    if (slow.length > 0) process.exitCode = 1;
  } finally {
    await stage.close();
  }
}

/** What importing costs at least: the same files, one COPY a table, in one transaction. */
async function copyAlone(client: pg.Client, folder: string): Promise<void> {
  const manifest = await plainFolder(folder).manifest();
  await client.query('begin');
  for (const { name, files } of manifest.tables)
    for (const { file } of files) {
      const target = client.query(copyFrom(`copy "${name}" from stdin with (format csv, header)`));
      await pipeline(createReadStream(join(folder, file)), target);
    }
  await client.query('commit');
}

function median(all: readonly number[]): number {
  return [...all].sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else console.error(`${process.uptime().toFixed(1).padStart(7)} s  ${text}`);
}
