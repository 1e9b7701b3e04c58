import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { exportBooks } from '../../packages/server/src/ledger/exit/export-books.js';
import { importBooks } from '../../packages/server/src/ledger/exit/import-books.js';
import { exportFormats, type Manifest } from '../../packages/server/src/ledger/exit/manifest.js';
import { plainFolder } from '../../packages/server/src/ledger/exit/plain-folder.js';
import { openBookStage } from './stage.js';

const help = `npm run bench:books -- [options]

Exports the books of one ledger in each format and imports them into empty books, against COPY of the same rows into the
same indexed tables, triggers on, without any comparison. Starts a PostgreSQL of its own; one to two minutes.

  --operations N   operations in the ledger (default 400,000)
  --rounds N       COPY and import take turns so often (default 3); the medians count
  --json FILE      the figures for programs
  --help           this text

Ends with exit code 1 when an import reaches less than a quarter of the rate of COPY.
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
    const folder = (format: string): string => join(stage.folder, format);
    const quiet = () => undefined;
    let manifest: Manifest | undefined;
    for (const format of exportFormats)
      await time(`export ${format}`, async () => {
        const target = plainFolder(folder(format));
        const tenant = { id: 'bench' };
        manifest = await stage.withBooks('cofferdam_ledger', (store) =>
          exportBooks(store, { target, format, tenant, now: () => new Date(), onTable: quiet }),
        );
      });
    if (manifest === undefined) return;
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    for (let round = 0; round < rounds; round += 1) {
      await stage.withEmptyBooks((store) => time('COPY alone', () => copyAlone(store.client, folder('csv'))));
      for (const format of exportFormats)
        await stage.withEmptyBooks((store) =>
          time(`import ${format}`, () => importBooks(store, { source: plainFolder(folder(format)), onTable: quiet })),
        );
    }
    const copy = median(seconds['COPY alone'] ?? []);
    const figures = Object.entries(seconds).map(([name, all]) => {
      const middle = median(all);
      return { name, seconds: middle, rowsPerSecond: rows / middle, overCopy: copy / middle };
    });
    console.log(`\n${rows.toLocaleString('en-US')} rows; median of ${rounds} (exports once)\n`);
    console.log('| | s | rows/s | of COPY |\n|---|--:|--:|--:|');
    for (const { name, seconds: s, rowsPerSecond, overCopy } of figures)
      console.log(
        `| ${name} | ${s.toFixed(1)} | ${Math.round(rowsPerSecond).toLocaleString('en-US')} | ${overCopy.toFixed(2)} |`,
      );
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ rows, figures }, undefined, 2));
    if (figures.some(({ name, overCopy }) => name.startsWith('import') && overCopy < 0.25)) process.exitCode = 1;
  } finally {
    await stage.close();
  }
}

/** What importing costs at least: the same files, one COPY a table, in one transaction. */
async function copyAlone(client: pg.Client, folder: string): Promise<void> {
  const manifest = await plainFolder(folder).manifest();
  await client.query('begin');
  for (const { name, file } of manifest.tables) {
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
