import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export type Json = Record<string, unknown>;

export interface Media {
  readonly schema?: Json;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly $ref: string }>>;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, Media>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Json;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  /** By status. */
  readonly responses: Readonly<Record<string, Response>>;
}

/** The committed document, which another test keeps equal to the server's. */
export const document: Json = JSON.parse(
  readFileSync(new URL('../../../../../openapi/openapi.json', import.meta.url), 'utf8'),
);

/** What a reference points to; anything else unchanged. */
// biome-ignore lint/suspicious/noExplicitAny: a walk through a document
export function follow(value: any): any {
  if (typeof value?.$ref !== 'string') return value;
  const found = value.$ref
    .split('/')
    .slice(1)
    // biome-ignore lint/suspicious/noExplicitAny: a walk through a document
    .reduce((at: any, key: string) => at?.[key], document);
  if (found === undefined) throw new Error(`the document has no ${value.$ref}`);
  return found;
}

/** Every operation, with parameters and responses in full. */
export const operations: readonly Operation[] = Object.entries(document['paths'] as Record<string, Json>).flatMap(
  ([path, item]) =>
    Object.entries(item).map(([method, given]) => {
      const { parameters, responses, ...operation } = given as Json;
      return {
        ...operation,
        method: method.toUpperCase(),
        path,
        parameters: (parameters as unknown[]).map(follow),
        responses: Object.fromEntries(Object.entries(responses as Json).map(([status, one]) => [status, follow(one)])),
      } as unknown as Operation;
    }),
);

const asWritten = validatorOf(document);
/** As the document, but objects that list their members have no others: nothing may be answered that is not described. */
const exact = validatorOf(closed(document) as Json);

function validatorOf(whole: Json): (schema: Json) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  (addFormats as unknown as (instance: Ajv2020) => void)(ajv);
  ajv.addSchema({ ...whole, $id: 'openapi' });
  const known = new Map<string, ValidateFunction>();
  return (schema) => {
    const text = JSON.stringify(schema);
    const validate = known.get(text) ?? ajv.compile(JSON.parse(text.replaceAll('"#/', '"openapi#/')));
    known.set(text, validate);
    return validate;
  };
}

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closed(one)]));
  const isSchema = typeof inner['properties'] === 'object' && ('type' in inner || 'required' in inner);
  return isSchema && !('additionalProperties' in inner) ? { ...inner, additionalProperties: false } : inner;
}

/** What is wrong with a body, or undefined. */
export function faultsOf(schema: Json, body: unknown, { strict = true } = {}): string | undefined {
  const validate = (strict ? exact : asWritten)(schema);
  return validate(body) ? undefined : JSON.stringify(validate.errors);
}
