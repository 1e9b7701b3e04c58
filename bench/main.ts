import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { help, readOptions } from './options.js';
import { peers } from './peers.js';
import { figuresOf } from './report/figures.js';
import { jsonReport } from './report/json.js';
import { markdownReport } from './report/markdown.js';
import { plotSvg } from './report/plot.js';
import { printFigures } from './report/tables.js';
import { runBench } from './run.js';

/** Benches of their own, which take their own options. */
const other = ['--density', '--fairness'].find((name) => process.argv.includes(name));
const options = other ? undefined : readOptions(process.argv.slice(2));
if (options === undefined) {
  await (other === '--density' ? import('./density/main.js') : import('./fairness/main.js'));
} else if (options === 'help') {
  console.log(help);
} else if (options === 'peers') {
  console.log(peers);
} else {
  const run = await runBench(options, progress);
  const figures = figuresOf(run);
  console.log(`\n${printFigures(figures)}`);
  console.log(`${Math.round(run.seconds)} s; baseline pool: ${JSON.stringify(run.baselinePool)}`);
  if (options.jsonFile !== undefined) await writeFile(options.jsonFile, jsonReport(run, figures));
  if (options.write) {
    const results = new URL('./results/', import.meta.url);
    const date = run.startedAt.toISOString().slice(0, 10);
    await mkdir(results, { recursive: true });
    await writeFile(new URL(`${date}.md`, results), markdownReport(run, figures, options.measuredMs / 1000));
    await writeFile(new URL('throughput.svg', results), plotSvg(figures.lines, run.startedAt, cpus().length));
    console.log(`written: bench/results/${date}.md and throughput.svg`);
  }
}

/** On a terminal one line that changes, else nothing: a log of hundreds of phases helps nobody. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (process.env['BENCH_VERBOSE'] !== undefined)
    console.error(`${process.uptime().toFixed(1).padStart(7)} s  ${text}`);
}
