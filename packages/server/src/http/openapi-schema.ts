import type { TSchema } from 'typebox';

export type Json = Record<string, unknown>;

/** Values, not schemas: nothing in them is looked at. */
const literal = new Set(['examples', 'example', 'default', 'enum', 'const', 'required']);

/**
 * The schemas of a document: whatever has a title stands once, under it, and is referred to from everywhere. Titles
 * are therefore names in the public document, and in the types of every client that is generated from it.
 */
export class SharedSchemas {
  readonly #schemas = new Map<string, Json>();

  /** Sorted by name, so that a new route moves no other line of the document. */
  get components(): Json {
    return Object.fromEntries([...this.#schemas].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  /**
   * A route's schema as OpenAPI 3.1 shows it: our own keywords left out, decimals spelled out, titled parts referred to.
   * `name` is the title of a schema that has none.
   * @throws Error for two different schemas of one title
   */
  show(schema: TSchema | Json, name?: string): Json {
    return this.#convert({ ...(name && { title: name }), ...(schema as Json) }) as Json;
  }

  #convert(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#convert(item));
    if (typeof value !== 'object' || value === null) return value;
    const { title, ...source } = value as Json;
    if (typeof title !== 'string') return this.#plain(value as Json);
    return source['x-nullable'] === true
      ? { anyOf: [this.#refer(title, withoutNull(source)), { type: 'null' }] }
      : this.#refer(title, source);
  }

  #refer(title: string, source: Json): Json {
    const shown = this.#plain(source);
    const known = this.#schemas.get(title);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(shown))
      throw new Error(`OpenAPI: two different schemas are called "${title}"`);
    this.#schemas.set(title, shown);
    return { $ref: `#/components/schemas/${title}` };
  }

  #plain({ 'x-shown': instead, ...given }: Json): Json {
    const source = { ...given, ...(instead as Json | undefined) };
    const shown = Object.entries(source).filter(([key]) => !key.startsWith('x-'));
    const parts = shown.map(([key, inner]) => [key, literal.has(key) ? inner : this.#convert(inner)]);
    return { ...this.#decimal(source), ...exactlyOne(source), ...Object.fromEntries(parts) };
  }

  /** A description of its own may stand beside the reference (JSON Schema 2020-12). */
  #decimal(schema: Json): Json {
    const kind = schema['x-decimal'];
    if (kind !== 'any' && kind !== 'number') return {};
    const reference = this.#refer(kind === 'any' ? 'Decimal' : 'DecimalNumber', {
      type: kind === 'any' ? ['string', 'number'] : 'number',
      description: 'A decimal of any precision; send it as a string, where that is allowed, to keep every digit.',
    });
    return schema['x-nullable'] === true ? { anyOf: [reference, { type: 'null' }] } : reference;
  }
}

function withoutNull({ type, enum: words, ...schema }: Json): Json {
  const types = [type ?? []].flat().filter((one) => one !== 'null');
  const { 'x-nullable': _, ...rest } = schema;
  return {
    ...(types.length > 0 && { type: types.length === 1 ? types[0] : types }),
    ...(Array.isArray(words) && { enum: words.filter((word) => word !== null) }),
    ...rest,
  };
}

function exactlyOne(schema: Json): Json {
  const names = schema['x-exactly-one'] as readonly string[] | undefined;
  return names === undefined ? {} : { oneOf: names.map((name) => ({ required: [name] })) };
}
