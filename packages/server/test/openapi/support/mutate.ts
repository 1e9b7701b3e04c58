import type { Json } from './document.js';
import type { Random } from './generate.js';

type Path = readonly (string | number)[];

const odd: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 63)],
  ...['', ' ', '0', '-1', '1e9', '1e999999', '9'.repeat(400), 'null', 'x', 'x'.repeat(101), 'é'.repeat(300)],
  ...['x'.repeat(5_000), '\u0000', 'a\u0000b', '\ud800', '💥'.repeat(70), '\u202e\u200f', '__proto__', "'; --"],
  ...['../../x', '%00', '2999-01-01T00:00:00Z', '0000-00-00', '2026-02-30', '\n', '@external/USD', 'USD'],
  ...['00000000-0000-0000-0000-000000000000', '019C96A0-0A01-7000-8000-000000000001', '{}', '$ne'],
  ...[[], [null], [[]], ['x'], [1, 2], {}, { a: { b: 1 } }, { $ne: 1 }, { length: 3 }],
];

const names = ['surplus', 'constructor', '__proto__', 'id', 'metadata', 'status', 'deletedAt', 'ünïcode', ''];

/** A copy of a sound body with one to three things wrong; now and then no object at all. JSON text, since it may be none. */
export function mutateBody(body: unknown, random: Random): string {
  const roll = random.next();
  if (roll < 0.04) return random.pick(['', 'null', '[]', '"x"', '7', '{', '{"a":1,}', '{"a":1,"a":2}', '\u0000']);
  if (roll < 0.06) return `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;
  let mutated = body;
  for (let count = 1 + random.below(3); count > 0; count--) mutated = mutateOnce(mutated, random);
  return stringify(mutated);
}

function mutateOnce(body: unknown, random: Random): unknown {
  const all = places(body);
  if (all.length === 0) return random.pick(odd);
  const path = random.pick(all);
  const roll = random.next();
  if (roll < 0.2) return replaced(body, path, undefined);
  if (roll < 0.35) return replaced(body, [...path.slice(0, -1), random.pick(names)], random.pick(odd));
  if (roll < 0.45) return replaced(body, path, stretched(at(body, path), random));
  return replaced(body, path, random.pick(odd));
}

/** The same kind of value, only too much of it. */
function stretched(value: unknown, random: Random): unknown {
  if (typeof value === 'string') return value.repeat(random.pick([2, 20, 200])) || 'x'.repeat(300);
  if (typeof value === 'number') return value * random.pick([-1, 1e6, 1e15]);
  if (Array.isArray(value)) return Array.from({ length: random.pick([2, 101]) }, () => value[0]);
  if (typeof value === 'object' && value !== null)
    return { ...value, ...Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`k${index}`, index])) };
  return [value];
}

/** Every member and item, objects and lists included. */
function places(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const here = [...path, Array.isArray(value) ? Number(name) : name];
    return [here, ...places(member, here)];
  });
}

const at = (body: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, name) => (value as Json | undefined)?.[name], body);

/** `undefined` leaves the member out. */
function replaced(body: unknown, path: Path, value: unknown): unknown {
  const copy = structuredClone(body);
  const holder = at(copy, path.slice(0, -1));
  const name = path.at(-1);
  if (typeof holder === 'object' && holder !== null && name !== undefined)
    Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** Numbers beyond what JavaScript prints in digits are sent in digits now and then: they must not be rounded or crash. */
function stringify(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replace('1e+308', `1${'0'.repeat(308)}`);
}

/** For a path or query parameter. */
export function mutateText(sound: string, random: Random): string {
  return random.pick([
    ...['x', '0', '-1', '1.5', '101', '999999999999', ' ', '%', 'null', 'é漢💥', 'a\u0000b', "' or 1=1 --", '{}', '[]'],
    ...['x'.repeat(300), '9'.repeat(2_000), sound.toUpperCase(), `${sound}0`, `{${sound}}`, sound.slice(1) || 'y'],
    ...['00000000-0000-0000-0000-000000000000', '2026-02-30', '2026-01-01T00:00:00Z', 'eyJpZCI6IngifQ==', 'e30='],
  ]);
}
