import { median } from '../measure/statistics.js';
import { call } from '../stage/call.js';
import type { PageStage } from './stage.js';

export interface PageTimes {
  readonly name: string;
  /** Milliseconds, medians over HTTP on one connection. */
  readonly first: number;
  readonly last: number;
  /** What is promised of it: the last page takes at most twice as long as the first. */
  readonly bound: number | undefined;
}

const day = 24 * 3_600_000;
const dateOf = (daysAgo: number) => new Date(Date.now() - daysAgo * day).toISOString().slice(0, 10);

interface CursorList {
  readonly name: string;
  readonly path: string;
  readonly query: string;
}

/** Lists by cursor over everything, between dates (new, in the middle, old), and by metadata that has an index. */
export function cursorLists({ path, accountId }: PageStage, days: number): CursorList[] {
  const transactions = `${path}/transactions`;
  const operations = `${path}/accounts/${accountId}/operations`;
  const between = (from: number, to: number) => `start_date=${dateOf(from)}&end_date=${dateOf(to)}`;
  const both = [
    ['transactions', transactions],
    ['operations of the account', operations],
  ] as const;
  return both.flatMap(([name, list]) => [
    { name, path: list, query: '' },
    { name: `${name}, 100 a page`, path: list, query: 'limit=100' },
    { name: `${name}, newest first`, path: list, query: 'sort_order=desc' },
    { name: `${name}, the last 2 days`, path: list, query: between(1, 0) },
    { name: `${name}, 5 days of the middle`, path: list, query: between(days / 2 + 2, days / 2 - 2) },
    { name: `${name}, the first 5 days`, path: list, query: between(days + 1, days - 3) },
    { name: `${name}, one in ten by metadata`, path: list, query: 'metadata.channel=c3' },
    {
      name: `${name}, one in ten by metadata, 5 days of the middle`,
      path: list,
      query: `metadata.channel=c3&${between(days / 2 + 2, days / 2 - 2)}`,
    },
  ]);
}

/** The first page, and the last one that goes forward, found from the other end. */
export async function timeCursorList(url: string, list: CursorList, repeats: number): Promise<PageTimes> {
  const at = (more: string) => `${url}${list.path}?${[list.query, more].filter(Boolean).join('&')}`;
  const limit = Number(/limit=(\d+)/.exec(list.query)?.[1] ?? 10);
  const opposite = list.query.includes('sort_order=desc') ? 'sort_order=asc' : 'sort_order=desc';
  const tail = await call(
    'GET',
    at(`${opposite}&limit=${Math.min(limit + 1, 100)}`).replace(/sort_order=desc&(?=sort_order=asc)/, ''),
  );
  const before = tail.items.at(-1)?.id;
  const cursor = Buffer.from(JSON.stringify({ id: before, direction: 'next' })).toString('base64');
  const last = at(`cursor=${encodeURIComponent(cursor)}`);
  const page = await call('GET', last);
  if (page.next_cursor !== undefined || page.items.length === 0) throw new Error(`${list.name}: not the last page`);
  const times = await alternate([at(''), last], repeats);
  return { name: list.name, first: times[0] as number, last: times[1] as number, bound: 2 };
}

/** Numbered pages: the last one has to pass over all before it. */
export async function timeNumberedList(
  url: string,
  name: string,
  path: string,
  total: number,
  repeats: number,
): Promise<PageTimes> {
  const last = `${url}${path}?page=${Math.ceil(total / 10)}`;
  if ((await call('GET', last)).items.length === 0) throw new Error(`${name}: not the last page`);
  const times = await alternate([`${url}${path}`, last], repeats);
  return { name, first: times[0] as number, last: times[1] as number, bound: undefined };
}

/** Of single requests the time at the beginning of the books and at their end. */
export async function timeAt(
  url: string,
  name: string,
  paths: readonly [string, string],
  repeats: number,
  bound?: number,
): Promise<PageTimes> {
  const times = await alternate(
    paths.map((path) => `${url}${path}`),
    repeats,
  );
  return { name, first: times[0] as number, last: times[1] as number, bound };
}

/** In turns, so that what slows the machine slows all of them. */
async function alternate(urls: readonly string[], repeats: number): Promise<number[]> {
  const samples: number[][] = urls.map(() => []);
  for (let i = 0; i < repeats + 3; i += 1)
    for (const [n, one] of urls.entries()) {
      const started = performance.now();
      const answer = await fetch(one, { method: one.includes('/metrics/count') ? 'HEAD' : 'GET' });
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`${one} answered ${answer.status}`);
      if (i >= 3) samples[n]?.push(performance.now() - started);
    }
  return samples.map(median);
}
