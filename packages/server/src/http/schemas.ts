import type { ErrorName } from '@cofferdam/core';
import { type Static, type TSchema, Type } from 'typebox';

/**
 * The vocabulary of request bodies. What `validate-body.ts` reads beside JSON Schema:
 * - `x-error`: a violation of this (sub)schema answers that refusal instead of 0047 and before 0009
 *   (ledger-api §3.1, "Special field rules first");
 * - `x-message`: what follows the field's name in the message;
 * - `x-free-form`: a map whose keys are the client's own: its depth and keys are counted (0144, 0145);
 * - `x-any`: a member of any type, which the handler checks (account rules);
 * - `x-deferred`: this member is only decoded here; the handler checks its parts itself (batch entries);
 * - `x-shown`: keywords that the document shows and nothing checks, for rules that the handler refuses with a code of
 *   its own.
 * A `title` is the name of the schema in the document, where it stands once (`openapi-schema.ts`).
 * A member whose schema does not admit null is absent when it is null; an empty string counts as absent in a
 * member that admits no null (§3.1). Unknown members that are null, false or zero are dropped.
 */
export interface SchemaExtras {
  readonly 'x-error'?: ErrorName;
  readonly 'x-message'?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly 'x-shown'?: Readonly<Record<string, unknown>>;
}

/** The words that a text may have, for the document: the handler refuses others with a code of its own. */
export const shownWords = (words: readonly string[]) => ({ 'x-shown': { enum: [...words] } });

/** The same schema, admitting null as well. Put `Type.Optional` around it, not inside. */
export function Nullable<T extends TSchema>(schema: T) {
  const { type } = schema as { type?: string | readonly string[] };
  const types = type === undefined ? undefined : [...(typeof type === 'string' ? [type] : type), 'null'];
  const allowed = (schema as { enum?: readonly unknown[] }).enum;
  return Type.Unsafe<Static<T> | null>({
    ...schema,
    ...(types && { type: types }),
    ...(allowed && { enum: [...allowed, null] }),
    'x-nullable': true,
  });
}

/** A UUID in canonical form: in bodies only lower case with dashes is taken (§3.1). */
export function Uuid(extras: SchemaExtras = {}) {
  return Type.Unsafe<string>({
    type: 'string',
    pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
    format: 'uuid',
    'x-message': 'must be a valid UUID',
    ...extras,
  });
}

/** Text of at most `max` characters (Unicode code points). */
export function Text(max: number, extras: SchemaExtras & { readonly pattern?: string } = {}) {
  return Type.Unsafe<string>({ type: 'string', maxLength: max, ...extras });
}

/** One of the given words, exactly as written. */
export function OneOf<const W extends readonly string[]>(words: W, extras: SchemaExtras = {}) {
  return Type.Unsafe<W[number]>({
    type: 'string',
    enum: words,
    'x-message': `must be one of ${words.join(', ')}`,
    ...extras,
  });
}

/** Several rules on one text, each with its own refusal: `AllOf(Text(100), [{ pattern, 'x-error': … }, …])`. */
export function AllOf<T extends TSchema>(
  schema: T,
  rules: readonly (SchemaExtras & { readonly pattern?: string; readonly minLength?: number })[],
) {
  return Type.Unsafe<Static<T>>({ ...schema, allOf: rules });
}

/**
 * A decimal of any precision, sent as a string or as a JSON number. The handler is given its source digits as a
 * string, never a float. What is no decimal at all answers 0094, as a type mismatch does (§1, Money).
 */
export function DecimalInput(extras: SchemaExtras = {}) {
  return Type.Unsafe<string>({ 'x-decimal': 'any', ...extras });
}

/** As `DecimalInput`, but only a JSON number is taken (asset rates). */
export function DecimalNumber(extras: SchemaExtras = {}) {
  return Type.Unsafe<string>({ 'x-decimal': 'number', ...extras });
}

export type MetadataValue = string | number | boolean;

/** Metadata of a create (§3.2): flat; null values are refused. Numbers beyond the safe integers are `LosslessNumber`. */
export function Metadata() {
  return Type.Unsafe<Record<string, MetadataValue>>({
    title: 'MetadataInput',
    type: 'object',
    'x-metadata': 'create',
    'x-free-form': true,
    'x-shown': metadataShown(['string', 'number', 'boolean']),
    description: 'Flat map: keys up to 100 bytes, values string, number or boolean up to 2000 bytes.',
  });
}

/** Metadata of a PATCH (§3.2): JSON Merge Patch; a null value removes its key, null as a whole empties the metadata. */
export function MetadataPatch() {
  return Type.Unsafe<Record<string, MetadataValue | null> | null>({
    title: 'MetadataPatch',
    type: ['object', 'null'],
    'x-metadata': 'patch',
    'x-free-form': true,
    'x-shown': metadataShown(['string', 'number', 'boolean', 'null']),
    'x-nullable': true,
    description: 'JSON Merge Patch: keys are merged, a null value removes its key, null as a whole removes all.',
  });
}

const metadataShown = (types: readonly string[]) => ({
  propertyNames: { maxLength: 100 },
  additionalProperties: { type: types, maxLength: 2000 },
  maxProperties: 100,
});

/** A map that the handler checks itself (ledger settings): only nesting and key count are limited here. */
export function FreeForm(extras: SchemaExtras & { readonly title?: string } = {}) {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', 'x-free-form': true, ...extras });
}

/** A member that is decoded only; the handler checks its parts with `compileBody` of their own (batch entries). */
export function Deferred<T>(schema: Record<string, unknown>) {
  return Type.Unsafe<T>({ ...schema, 'x-deferred': true });
}

/**
 * A member that is taken as it comes, of any JSON type; the schema is documentation, and the handler refuses what is
 * wrong with a code of its own.
 */
export function Anything(schema: Record<string, unknown>) {
  return Type.Unsafe<unknown>({ ...schema, 'x-any': true });
}

/**
 * A status (§3.3). A bare string stands for its code (§15.1 row 4): the handler always receives the object.
 * Defaults and merging are the resource's business.
 */
export function StatusInput() {
  return Type.Unsafe<{ code?: string; description?: string | null }>({
    title: 'StatusInput',
    type: ['object', 'string'],
    maxLength: 100,
    'x-status': true,
    properties: { code: Text(100), description: Nullable(Text(256)) },
    additionalProperties: false,
    description: 'An object, or its code as a bare string.',
  });
}

export interface Address {
  line1?: string;
  line2?: string | null;
  zipCode?: string;
  city?: string;
  state?: string;
  country?: string;
  description?: string | null;
}

/** A postal address (§3.4): a non-empty one needs a valid country (0032); the other limits are documentation. */
export function AddressInput() {
  const documented = (limit: number) => ({ type: 'string', 'x-shown': { maxLength: limit } });
  return Type.Unsafe<Address>({
    title: 'AddressInput',
    type: 'object',
    'x-address': true,
    properties: {
      line1: documented(256),
      line2: Nullable(Type.Unsafe<string>(documented(256))),
      zipCode: documented(20),
      city: documented(100),
      state: documented(100),
      country: { type: 'string', description: 'ISO 3166-1 alpha-2, upper case.', examples: ['BR'] },
      description: Nullable(Text(100)),
    },
    additionalProperties: false,
  });
}
