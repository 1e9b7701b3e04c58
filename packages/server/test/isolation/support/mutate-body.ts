import type { seeded } from './seeded.js';

export type Json = Record<string, unknown>;

const odd: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  ' ',
  'x',
  'x'.repeat(300),
  '\u0000',
  '\ud800',
  '💥',
  '-1',
  '1e9',
  [],
  [null],
  {},
  { a: { b: 1 } },
  '__proto__',
  { $ne: 1 },
  'null',
  '2999-01-01T00:00:00Z',
  '../../x',
  `'; --`,
];

/** A copy of a sound body in which one member is another value, surplus, or gone. `known`: values that mean something. */
export function mutateBody(body: Json, random: ReturnType<typeof seeded>, known: readonly unknown[]): Json {
  const anything = [...odd, ...known];
  const all = leaves(body);
  const [path] = all.length > 0 ? random.pick(all) : [['metadata']];
  const cut = path.slice(0, 1 + random.below(path.length));
  if (random.next() < 0.2) return replaced(body, cut, undefined);
  if (random.next() < 0.15) {
    const surplus = random.pick(['surplus', 'constructor', 'metadata', 'status', 'id']);
    return replaced(body, [...cut.slice(0, -1), surplus], random.pick(anything));
  }
  return replaced(body, cut, random.pick(anything));
}

type Path = readonly string[];

/** Every value of a body that is no object or list, with its path. */
export function leaves(value: unknown, path: Path = []): [Path, unknown][] {
  if (typeof value !== 'object' || value === null) return path.length === 0 ? [] : [[path, value]];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, [...path, name]));
}

/** A copy with one member changed; `undefined` leaves it out. */
export function replaced(body: Json, path: Path, value: unknown): Json {
  const copy = structuredClone(body);
  let at: unknown = copy;
  for (const name of path.slice(0, -1)) at = (at as Json | undefined)?.[name];
  const last = path.at(-1);
  if (typeof at === 'object' && at !== null && last !== undefined)
    Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}
