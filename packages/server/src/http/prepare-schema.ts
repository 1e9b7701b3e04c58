/** A JSON Schema object as it lies in memory. */
export type JsonSchema = Record<string, unknown>;

/**
 * The schema that Ajv compiles, made from the one a route declares: marks what JSON Schema cannot say (required
 * members reject an empty string, an exact number is no object) and refuses at start what the classification of
 * `validate-body.ts` could not explain to a client.
 */
export function prepareSchema(schema: JsonSchema, path = 'body', required = false): JsonSchema {
  for (const keyword of ['anyOf', 'oneOf', 'not', 'if', '$ref', 'const', 'patternProperties']) {
    if (keyword in schema)
      throw new Error(`${path}: "${keyword}" is not supported in request bodies: see http/schemas.ts`);
  }
  const prepared: JsonSchema = { ...schema, 'x-path': path };
  if (required) prepared['x-required'] = true;
  if (schema['x-deferred'] === true) return prepared;
  const types = [schema['type'] ?? []].flat() as string[];
  if (types.includes('object')) prepareObject(schema, prepared, path);
  if (types.includes('string') || schema['x-decimal'] === 'any') prepared['x-empty'] = true;
  const items = schema['items'];
  if (items !== undefined) prepared['items'] = prepareSchema(items as JsonSchema, `${path}[]`);
  return prepared;
}

function prepareObject(schema: JsonSchema, prepared: JsonSchema, path: string): void {
  prepared['x-plain'] = true;
  const properties = schema['properties'] as Record<string, JsonSchema> | undefined;
  if (properties === undefined) {
    if (schema['x-free-form'] !== true) throw new Error(`${path}: an object needs properties or "x-free-form"`);
    return;
  }
  if (schema['additionalProperties'] !== false) throw new Error(`${path}: "additionalProperties" must be false`);
  const required = (schema['required'] ?? []) as string[];
  prepared['properties'] = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      prepareSchema(property, `${path}.${name}`, required.includes(name)),
    ]),
  );
}
