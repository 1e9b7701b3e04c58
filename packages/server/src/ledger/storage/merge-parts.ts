import { stringifyJson } from '../../http/json.js';

type Part = Readonly<Record<string, unknown>>;

/** A part of a new record as its column; what is empty is not said. */
export function partColumn(part: object | null | undefined): string | null {
  if (part === null || part === undefined) return null;
  const said = withoutNulls(part);
  return Object.keys(said).length === 0 ? null : stringifyJson(said);
}

/** JSON Merge Patch of a part (RFC 7396), as its column: absent changes nothing, null removes. */
export function mergedPart(stored: Part | null, patch: object | null | undefined): string | null {
  if (patch === undefined) return partColumn(stored);
  return patch === null ? null : partColumn(merge(stored ?? {}, patch));
}

function merge(stored: Part, patch: object): Part {
  const merged = new Map(Object.entries(stored));
  for (const [name, value] of Object.entries(patch)) {
    const before = merged.get(name);
    merged.set(name, isPart(value) ? merge(isPart(before) ? before : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

function withoutNulls(part: object): Part {
  const said = Object.entries(part)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, isPart(value) ? withoutNulls(value) : value] as const);
  return Object.fromEntries(said.filter(([, value]) => !isPart(value) || Object.keys(value).length > 0));
}

/** The members of parts are texts and parts. */
function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null;
}
