import type { FieldProblem } from '@cofferdam/core';
import type { BodyProblem } from './body-findings.js';

/**
 * One entry for each top-level name, its value holding only what is unknown, in the shape in which it was sent
 * (ledger-api §3.1): `send.foo` becomes location `send`, value `{foo: …}`; items of a list stand one after the other.
 */
export function listUnknownFields(problems: readonly BodyProblem[]): FieldProblem[] {
  const merged = new Map<string, unknown>();
  for (const { path, value } of problems) {
    const location = String(path[0]);
    const nested = path
      .slice(1)
      .reduceRight<unknown>((inner, step) => (typeof step === 'number' ? [inner] : fromPair(step, inner)), value);
    merged.set(location, merged.has(location) ? merge(merged.get(location), nested) : nested);
  }
  return [...merged].map(([location, value]) => ({ location, message: 'unexpected field', value }));
}

/** Also a member called `__proto__` becomes an ordinary one. */
function fromPair(name: string, value: unknown): Record<string, unknown> {
  return Object.fromEntries([[name, value]]);
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
