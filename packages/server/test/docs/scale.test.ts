import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const document = read('docs/scale.md');
const number = (text: string | undefined): number => Number(text?.replaceAll(',', ''));

/** A row of the newest `npm run bench`: rate and processors. */
function measured(scenario: string): { rate: number; server: number; postgres: number } {
  const newest = readdirSync(new URL('bench/results', root))
    .filter((name) => /^\d{4}-\d\d-\d\d\.md$/.test(name))
    .sort()
    .at(-1);
  const line = read(`bench/results/${newest}`)
    .split('\n')
    .find((row) => row.startsWith(`| ${scenario} |`));
  const cells = line?.split('|').map((cell) => cell.trim()) ?? [];
  return { rate: number(cells[2]), server: number(cells[7]), postgres: number(cells[8]) };
}

/** `0.663 / 3,846` and the like on the first line that holds `words`. */
function quotients(words: string): number[] {
  const line = document.split('\n').find((row) => row.includes(words)) ?? '';
  return [...line.matchAll(/([\d.]+) \/ ([\d,]+)/g)].map(([, above, below]) => (1e6 * number(above)) / number(below));
}

test.each([
  ['PostgreSQL pays for a transaction', 'ours, random accounts, 100 connections', ['postgres'], ['172']],
  ['with 2,000 connections', 'ours, 1 tenant, 2,000 connections', ['server'], ['230']],
  ['200 to a request: 0', 'ours, 200 to a request, 8 connections', ['server', 'postgres'], ['105', '122']],
  ['a commit of its own', 'ours, 100 tenants at once, 100 connections', ['server', 'postgres'], ['526', '1,102']],
] as const)('docs/scale.md: %s: as the newest bench measured it, and divided right', (words, scenario, sides, told) => {
  const now = measured(scenario);
  const written = quotients(words);
  for (const [at, side] of sides.entries()) {
    expect(Math.abs((written[at] ?? 0) - number(told[at])), words).toBeLessThan(1);
    expect(document).toContain(`${told[at]} µs`);
    // Runs scatter; a figure that has left this far behind must be written anew, and all that follows from it.
    const ratio = (written[at] ?? 0) / ((1e6 * now[side]) / now.rate);
    expect(ratio, `${words}: ${side}`).toBeGreaterThan(0.7);
    expect(ratio, `${words}: ${side}`).toBeLessThan(1.4);
  }
});

test('docs/scale.md: what is multiplied out is right', () => {
  const within = (text: string, value: number, share = 0.02): void => {
    expect(document, text).toContain(text);
    const said = number(/[\d,]+(?:\.\d+)?/.exec(text)?.[0]);
    expect(Math.abs(said / value - 1), text).toBeLessThan(share);
  };
  within('4,300 transactions a second', 1e6 / 230, 0.03);
  within('9,500 when callers', 1e6 / 105, 0.03);
  within('5,800 × *n*', 1e6 / 172);
  within('900 a second and processor', 1e6 / 1_102);
  expect(document).toContain(`| ${Math.ceil(1e6 / 4_300)} | ${Math.ceil(1e6 / 9_500)} |`);
  expect(document).toContain('| 172 | 122 |');
  const servers = [172, 122].map((processors) => Math.ceil(processors / 16));
  expect(document).toContain(`| ${servers.join(' | ')} |`);
  expect(document).toContain(
    `3 GB/s, ${Math.round(3_000 / (servers[0] ?? 0))} MB/s a server | 3 GB/s, ${Math.round(3_000 / (servers[1] ?? 0))} MB/s`,
  );
  within('432 billion rows a day', (5 * 86_400 * 1e6) / 1e9);
  expect(document).toContain(`1,102 processors, ${Math.ceil(1_102 / 16)} servers`);
  within('17 min', (10_000 * 0.102) / 60);
});
