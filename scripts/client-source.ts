import { createHash } from 'node:crypto';

// biome-ignore lint/suspicious/noExplicitAny: a document is walked by names
type Json = any;

/** The generator of types, run by `npx`: it asks for TypeScript 5, which the repository has left behind. */
export const generator = { 'openapi-typescript': '7.13.0', typescript: '5.9.3' };

/** What types are made of: refusals, headers and examples are the client's own business and would double the file. */
export function typedPart(document: Json): Json {
  const typed = structuredClone(document);
  for (const operation of operationsOf(typed)) {
    operation.parameters = operation.parameters.filter(({ $ref }: Json) => !isHeader(document, $ref));
    operation.responses = Object.fromEntries(
      Object.entries<Json>(operation.responses)
        .filter(([status]) => status < '300')
        .map(([status, response]) => [status, { description: response.description, content: response.content }]),
    );
  }
  const { schemas, parameters } = typed.components;
  typed.components = {
    schemas,
    parameters: Object.fromEntries(Object.entries<Json>(parameters).filter(([, one]) => one.in !== 'header')),
  };
  return withoutNoise(typed);
}

const isHeader = (document: Json, $ref: string) =>
  document.components.parameters[$ref.split('/').at(-1) ?? ''].in === 'header';

const operationsOf = (document: Json): Json[] =>
  Object.values<Json>(document.paths).flatMap((item) => Object.values(item));

/** Examples, and `oneOf` of members, which TypeScript cannot say: the description does. */
function withoutNoise(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries<Json>(value).filter(
    ([key, inner]) => !['example', 'examples'].includes(key) && !(key === 'oneOf' && inner.every(onlyRequires)),
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNoise(inner)]));
}

const onlyRequires = (schema: Json) => Object.keys(schema).join() === 'required';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Head of the generated types: from which document they were made, and that nobody edited them since. */
export function typesHead(document: Json, types: string): string {
  return `// Made by \`npm run client:generate\`: do not edit.
// document ${sha256(JSON.stringify([typedPart(document), generator]))}
// types ${sha256(types)}

`;
}

/** Whether these types were made of this document, and are as they were made. */
export function isCurrent(document: Json, text: string): boolean {
  const head = typesHead(document, '');
  const types = text.slice(head.length);
  return text === typesHead(document, types) + types;
}

/** The table that the client works by: one line an operation. */
export function operationTable(document: Json): string {
  const lines = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]) => {
      const parameters: Json[] = operation.parameters.map(
        ({ $ref }: Json) => document.components.parameters[$ref.split('/').at(-1)],
      );
      const named = (name: string) => parameters.some((one) => one.name === name);
      const [success] = Object.values<Json>(operation.responses);
      const schema = success.content?.['application/json']?.schema?.$ref?.split('/').at(-1);
      const isList = document.components.schemas[schema]?.properties?.items !== undefined;
      const list = isList && named('cursor') ? 'cursor' : isList && named('page') ? 'page' : undefined;
      const entry = {
        method: method.toUpperCase(),
        path,
        ...(list && { list }),
        ...(named('X-Idempotency') && { keyed: true }),
        ...(operation.requestBody?.content['multipart/form-data'] && { multipart: true }),
      };
      return `  ${operation.operationId}: ${JSON.stringify(entry)},`;
    }),
  );
  return `// Made by \`npm run client:generate\`: do not edit.
/** Every operation of the document: how it is called, how its list is paged, whether it takes an idempotency key. */
export const operations = {
${lines.join('\n')}
} as const;
`;
}
