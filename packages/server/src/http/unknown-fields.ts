import { isIndex, type Path } from './describe-violation.js';

/** A member that no schema names, with its value wrapped in the shape in which it was sent. */
export interface UnknownMember {
  readonly path: Path;
  /** The top-level name, and below it only what is unknown. */
  readonly location: string;
  readonly value: unknown;
}

/** Wraps `value` in the objects and lists on its path: `send.foo` becomes location `send`, value `{foo: …}`. */
export function nestUnknown(path: Path, value: unknown): UnknownMember {
  const nested = path
    .slice(1)
    .reduceRight<unknown>((inner, step) => (isIndex(step) ? [inner] : Object.fromEntries([[step, inner]])), value);
  return { path, location: path[0] as string, value: nested };
}

/** One entry for each top-level name: members of one object are shown together, list items one after the other. */
export function mergeUnknown(members: readonly UnknownMember[]): [string, unknown][] {
  const merged = new Map<string, unknown>();
  for (const { location, value } of members) {
    merged.set(location, merged.has(location) ? merge(merged.get(location), value) : value);
  }
  return [...merged];
}

function merge(left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (!isPlainObject(left) || !isPlainObject(right)) return right;
  const result = new Map(Object.entries(left));
  for (const [key, value] of Object.entries(right)) {
    result.set(key, result.has(key) ? merge(result.get(key), value) : value);
  }
  return Object.fromEntries(result);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
