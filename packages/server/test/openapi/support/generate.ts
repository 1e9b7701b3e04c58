import { follow, type Json } from './document.js';

export interface Random {
  next(): number;
  below(count: number): number;
  pick<T>(from: readonly T[]): T;
}

/**
 * What a schema cannot say: that an id must be one of ours, that debits equal credits. Looked up by the schema's name,
 * else by `operationId.member` or the member's name. Answering `absent` leaves an optional member out.
 */
export type Meanings = Readonly<Record<string, (random: Random, schema: Json) => unknown>>;

export const absent: unique symbol = Symbol('absent');

const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', ...' -_.,é漢ß😀"\'\\<%'];

/** A value that a schema of the document accepts, and that means something in the books where it has to. */
export function generate(given: Json, random: Random, meanings: Meanings, operationId = '', member = ''): unknown {
  const meaning = meanings[nameOf(given)] ?? meanings[`${operationId}.${member}`] ?? meanings[member];
  const schema = follow(given) as Json;
  if (meaning !== undefined) return meaning(random, schema);
  const inner = (one: Json, name = member) => generate(one, random, meanings, operationId, name);
  const { anyOf, enum: words } = schema as { anyOf?: Json[]; enum?: unknown[] };
  if (anyOf) return inner(random.next() < 0.8 ? (anyOf[0] as Json) : random.pick(anyOf));
  if (words) return random.pick(words);
  switch (typeOf(schema, random)) {
    case 'object':
      return anObject(schema, random, inner);
    case 'array':
      return Array.from({ length: (schema['minItems'] as number | undefined) ?? 1 + random.below(2) }, () =>
        inner((schema['items'] ?? {}) as Json),
      );
    case 'integer':
      return anInteger(schema, random);
    case 'number':
      return random.below(1_000_000) / 100;
    case 'boolean':
      return random.next() < 0.5;
    case 'null':
      return null;
    default:
      return aText(schema, random);
  }
}

export const nameOf = ({ $ref }: Json): string => (typeof $ref === 'string' ? ($ref.split('/').at(-1) ?? '') : '');

function typeOf({ type }: Json, random: Random): unknown {
  if (!Array.isArray(type)) return type;
  const [first] = type;
  return random.next() < 0.6 ? first : random.pick(type);
}

function anObject(schema: Json, random: Random, inner: (one: Json, name?: string) => unknown): Json {
  const { properties = {}, required = [], oneOf, additionalProperties } = schema as ObjectSchema;
  const one = oneOf && random.pick(oneOf).required[0];
  const unwanted = (oneOf ?? []).map((choice) => choice.required[0]).filter((name) => name !== one);
  const object: Json = {};
  for (const [name, member] of Object.entries(properties)) {
    if (unwanted.includes(name)) continue;
    if (!required.includes(name) && name !== one && random.next() < 0.5) continue;
    const value = inner(member, name);
    if (value !== absent) object[name] = value;
  }
  if (typeof additionalProperties === 'object')
    // A limit in bytes is a quarter of it in characters.
    for (let count = random.below(4); count > 0; count--)
      object[aName(random)] = inner({ ...additionalProperties, maxLength: 500 }, 'extra');
  return object;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly { readonly required: readonly string[] }[];
  readonly additionalProperties?: Json | boolean;
}

function anInteger({ minimum = 1, maximum = 1_000_000 }: Json, random: Random): number {
  const [low, high] = [Number(minimum), Math.min(Number(maximum), Number(minimum) + 1_000_000)];
  return random.next() < 0.1 ? random.pick([low, high]) : low + random.below(high - low + 1);
}

export const aName = (random: Random): string =>
  Array.from({ length: 8 }, () => random.pick([...'abcdefghijklmnopqrstuvwxyz'])).join('');

export const aUuid = (random: Random): string => {
  const hex = (length: number) => Array.from({ length }, () => random.below(16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
};

export const aDate = (random: Random): string =>
  `${1950 + random.below(70)}-0${1 + random.below(9)}-${10 + random.below(19)}`;

/** Starts with letters of its own, so that names do not meet; sometimes as long as it may be. */
export function aText({ format, pattern, maxLength = 200 }: Json, random: Random): string {
  if (format === 'uuid') return aUuid(random);
  if (typeof pattern === 'string' && pattern.startsWith('^\\d{4}-')) return aDate(random);
  const most = Number(maxLength);
  const length = random.next() < 0.1 ? most : Math.min(most, 8 + random.below(20));
  const rest = Math.max(0, length - 8);
  return (aName(random) + Array.from({ length: rest }, () => random.pick(letters)).join('')).slice(0, most);
}
