import type { TSchema } from 'typebox';

export type Json = Record<string, unknown>;

/** A route's schema as OpenAPI 3.1 shows it: our own keywords left out, decimals spelled out. */
export function publicSchema(schema: TSchema | Json): Json {
  return convert(schema as Json) as Json;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value !== 'object' || value === null) return value;
  const source = value as Json;
  const shown = Object.entries(source).filter(([key]) => !key.startsWith('x-'));
  return { ...decimalType(source), ...Object.fromEntries(shown.map(([key, inner]) => [key, convert(inner)])) };
}

function decimalType(schema: Json): Json {
  const kind = schema['x-decimal'];
  if (kind !== 'any' && kind !== 'number') return {};
  const types = [...(kind === 'any' ? ['string'] : []), 'number', ...(schema['x-nullable'] === true ? ['null'] : [])];
  return {
    type: types.length === 1 ? types[0] : types,
    description: 'A decimal of any precision; send it as a string to keep every digit.',
  };
}
