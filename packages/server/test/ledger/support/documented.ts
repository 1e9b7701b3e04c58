import { Ajv } from 'ajv';
import { stringifyJson } from '../../../src/http/json.js';
import type { RouteDefinition } from '../../../src/http/route.js';

type Schema = Record<string, unknown>;

/**
 * The same routes, whose every success is compared with its own documentation: status, and the body member by member,
 * none more and none missing. A lie in the OpenAPI document fails whatever test meets it.
 */
export function holdingToDocumentation<Context>(
  routes: readonly RouteDefinition<Context>[],
): RouteDefinition<Context>[] {
  return routes.map((route) => {
    const check = documentationOf(route);
    return {
      ...route,
      handler: async (call) => {
        const answer = await route.handler(call);
        check(answer.status, answer.body);
        return answer;
      },
    };
  });
}

/** Throws for a status or body that the route does not document. */
export function documentationOf(route: RouteDefinition<never>): (status: number, body: unknown) => void {
  const { success, operationId } = route;
  const validate =
    success.schema && new Ajv({ strict: false, validateFormats: false }).compile(closed(success.schema as Schema));
  return (status, body) => {
    if (status !== success.status) throw new Error(`${operationId} answers ${status}, documented is ${success.status}`);
    if (validate === undefined) {
      if (body !== undefined) throw new Error(`${operationId} answers a body that is not documented`);
    } else if (!validate(JSON.parse(stringifyJson(body)))) {
      throw new Error(`${operationId} answers what is not documented: ${JSON.stringify(validate.errors)}`);
    }
  };
}

/** Objects with listed members have no others. */
function closed(schema: Schema): Schema {
  return Object.fromEntries(
    Object.entries('properties' in schema ? { additionalProperties: false, ...schema } : schema).map(([key, value]) => {
      if (key === 'properties')
        return [
          key,
          Object.fromEntries(Object.entries(value as Schema).map(([name, one]) => [name, closed(one as Schema)])),
        ];
      if (key === 'items') return [key, closed(value as Schema)];
      if (key === 'anyOf') return [key, (value as Schema[]).map(closed)];
      return [key, value];
    }),
  );
}
