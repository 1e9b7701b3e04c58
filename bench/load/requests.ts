import type { Books } from '../stage/books.js';

/** Bodies are made beforehand; only the idempotency key differs from one sending to the next. */
const bodiesPrepared = 2_000;

export interface TransferLeg {
  readonly alias: string;
  readonly amount: string;
}

let keysMade = 0;
const keyPrefix = `bench-${process.pid}-${Date.now().toString(36)}`;

/** Unique in this run: every request is a transaction of its own. */
export function newKey(): string {
  keysMade += 1;
  return `${keyPrefix}-${keysMade.toString(36)}`;
}

export function transferBody(from: readonly TransferLeg[], to: readonly TransferLeg[], value: string) {
  const leg = ({ alias, amount }: TransferLeg) => ({ accountAlias: alias, amount: { asset: 'USD', value: amount } });
  return {
    description: 'Transfer between customers',
    metadata: { channel: 'mobile', reference: 'a1b2c3d4e5f6' },
    send: { asset: 'USD', value, source: { from: from.map(leg) }, distribute: { to: to.map(leg) } },
  };
}

/** One to one between two different random accounts. */
export function randomTransfers(books: Books): () => unknown {
  return () => {
    const [from, to] = two(books.aliases);
    return transferBody([{ alias: from, amount: '1.25' }], [{ alias: to, amount: '1.25' }], '1.25');
  };
}

/** One to one from a random account to always the same one. */
export function hotTransfers(books: Books): () => unknown {
  return () => {
    const from = pick(books.aliases);
    return transferBody([{ alias: from, amount: '1.25' }], [{ alias: books.hotAlias, amount: '1.25' }], '1.25');
  };
}

/** From `width` accounts to `width` others. */
export function wideTransfers(books: Books, width: number): () => unknown {
  return () => {
    const start = Math.floor(Math.random() * (books.aliases.length - 2 * width));
    const legs = books.aliases.slice(start, start + 2 * width).map((alias) => ({ alias, amount: '0.5' }));
    return transferBody(legs.slice(0, width), legs.slice(width), String(width / 2));
  };
}

/** A function that gives the next whole request for a create route of these books. */
export function postRequests(
  books: Books,
  route: 'json' | 'batch',
  makeBody: () => unknown,
  prepared = bodiesPrepared,
) {
  const head =
    `POST ${books.path}/transactions/${route} HTTP/1.1\r\nhost: bench\r\n${authorization(books)}` +
    'content-type: application/json\r\nx-idempotency: ';
  const tails = Array.from({ length: prepared }, () => {
    const body = JSON.stringify(makeBody());
    return `\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  });
  let at = 0;
  return (): string => {
    at = (at + 1) % tails.length;
    return head + newKey() + tails[at];
  };
}

export function getRequest(books: Books, path: string): string {
  return `GET ${books.path}${path} HTTP/1.1\r\nhost: bench\r\n${authorization(books)}\r\n`;
}

function authorization({ token }: Books): string {
  return token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

function two<T>(list: readonly T[]): [T, T] {
  const first = Math.floor(Math.random() * list.length);
  const second = (first + 1 + Math.floor(Math.random() * (list.length - 1))) % list.length;
  return [list[first] as T, list[second] as T];
}
