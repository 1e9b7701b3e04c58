import { type CallOptions, call, type Reply } from '../../support/server.js';
import { type Books, type FreshKind, freshRecords, type Ids, meaningsIn } from './books.js';
import { faultsOf, follow, type Json, type Media, type Operation, type Parameter, type Response } from './document.js';
import { absent, aUuid, generate, type Meanings, type Random } from './generate.js';
import { mutateBody, mutateText } from './mutate.js';

/** One call, as it goes over the wire. */
export interface Request {
  readonly params: Record<string, string>;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

export interface Walk {
  /** A sound call: answered with the operation's own success. Answers what is wrong. */
  sound(operation: Operation): Promise<string | undefined>;
  /** A sound call with something made wrong in it: any answer that is documented, and never a 5xx. */
  mutated(operation: Operation): Promise<string | undefined>;
}

/** Walks the document on these books. Every request follows from `random`. */
export function createWalk(books: Books, random: Random): Walk {
  const meanings = meaningsIn(books);
  const fresh = freshRecords(books, random);
  const base = books.server.running.urls.ledger;

  async function prepare(operation: Operation): Promise<Request> {
    const kind = freshKind(operation);
    const made: Record<string, string> = kind === undefined ? {} : await fresh[kind]();
    const known = { ...sharedParams(books.ids, operation), ...made };
    const named = (name: string) => [name, known[name] ?? missing(operation, name)];
    const own: Meanings = { ...meanings, 'createInstrument.accountId': () => made['account_id'] };
    const body = bodyOf(operation, random, own);
    return {
      params: Object.fromEntries(
        operation.parameters.filter((one) => one.in === 'path').map(({ name }) => named(name)),
      ),
      query: queryOf(operation, random, own),
      headers: headersOf(operation, random),
      ...(body !== undefined && { body }),
    };
  }

  async function answerTo(operation: Operation, request: Request): Promise<Reply> {
    const reply = await send(base, operation, request);
    // An entity can have ten of these.
    if (operation.operationId === 'createMetadataIndex' && reply.status === 201)
      await books.server.call('DELETE', `${pathOf(operation, request)}/key/${reply.body.metadataKey}`);
    return reply;
  }

  return {
    async sound(operation) {
      const request = await prepare(operation);
      const reply = await answerTo(operation, request);
      const wrong = reply.status < 300 ? faultOf(operation, request, reply) : 'a sound call was refused';
      return wrong && describe(operation, request, reply, wrong);
    },
    async mutated(operation) {
      const request = mutate(operation, await prepare(operation), random);
      const reply = await answerTo(operation, request);
      const wrong = faultOf(operation, request, reply);
      return wrong && describe(operation, request, reply, wrong);
    },
  };
}

/** Which record must be new for this call: whatever it changes or ends. */
function freshKind({ operationId, method, path }: Operation): FreshKind | undefined {
  if (operationId === 'commitTransaction' || operationId === 'cancelTransaction') return 'pending';
  if (operationId === 'revertTransaction') return 'transaction';
  if (operationId === 'createInstrument' || operationId === 'createBalance') return 'account';
  if (operationId === 'deleteMetadataIndex') return 'metadataIndex';
  if (method !== 'PATCH' && method !== 'DELETE') return undefined;
  const [collection = ''] = path.match(/[\w-]+(?=\/\{\w+\}[^{}]*$)/) ?? [];
  const kind = kinds[collection];
  if (kind === undefined) throw new Error(`${method} ${path}: say in kinds what ${collection} are`);
  return kind;
}

const kinds: Readonly<Record<string, FreshKind>> = {
  organizations: 'organization',
  ledgers: 'ledger',
  assets: 'asset',
  accounts: 'account',
  'account-types': 'accountType',
  portfolios: 'portfolio',
  segments: 'segment',
  balances: 'balance',
  transactions: 'transaction',
  operations: 'transaction',
  'operation-routes': 'operationRoute',
  'transaction-routes': 'transactionRoute',
  holders: 'holder',
  instruments: 'instrument',
  'related-parties': 'relatedParty',
};

function sharedParams(ids: Ids, { path }: Operation): Ids {
  const [collection = ''] = path.match(/[\w-]+(?=\/\{id\})/) ?? [];
  return {
    id: ids[kinds[collection] ?? ''] ?? '',
    organization_id: ids['organization'] as string,
    ledger_id: ids['ledger'] as string,
    account_id: ids['account'] as string,
    balance_id: ids['balance'] as string,
    transaction_id: ids['transaction'] as string,
    operation_id: ids['operation'] as string,
    operation_route_id: ids['source'] as string,
    transaction_route_id: ids['transactionRoute'] as string,
    holder_id: ids['holder'] as string,
    instrument_id: ids['instrument'] as string,
    related_party_id: ids['relatedParty'] as string,
    external_id: ids['rate'] as string,
    asset_code: 'USD',
    alias: '@payer',
    code: 'USD',
    entity_name: 'segment',
    index_key: 'color',
  };
}

function missing({ path }: Operation, name: string): never {
  throw new Error(`${path}: the walk does not know ${name}`);
}

function bodyOf({ requestBody, operationId }: Operation, random: Random, meanings: Meanings): unknown {
  const [media] = Object.values(requestBody?.content ?? {});
  return media && generate(media.schema as Json, random, meanings, operationId);
}

/** The required ones, and at most one other: some filters cannot be combined. */
function queryOf(operation: Operation, random: Random, meanings: Meanings): Record<string, string> {
  const all = operation.parameters.filter((one) => one.in === 'query' && one.name !== 'metadata');
  const chosen = all.length > 0 && random.next() < 0.7 ? random.pick(all) : undefined;
  const values = all
    .filter((one) => one.required || one === chosen)
    .map(({ name, schema }) => [name, generate(schema, random, meanings, operation.operationId, `?${name}`)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== absent).map(([name, value]) => [name, `${value}`]));
}

function headersOf({ parameters }: Operation, random: Random): Record<string, string> {
  const values: Record<string, string> = {
    'X-Idempotency': aUuid(random),
    'X-TTL': '60',
    'X-Request-Id': aUuid(random),
  };
  const named = parameters.filter((one) => one.in === 'header' && random.next() < 0.5);
  return Object.fromEntries(named.map(({ name }) => [name, values[name] ?? 'x']));
}

/** One thing wrong: mostly the body, where there is one. JSON bodies are text from here on. */
function mutate(operation: Operation, request: Request, random: Random): Request {
  const places = [
    ...(request.body === undefined ? [] : (['body', 'body', 'body', 'body'] as const)),
    ...(Object.keys(request.params).length === 0 ? [] : (['params'] as const)),
    ...(operation.parameters.some((one) => one.in === 'query') ? (['query', 'query'] as const) : []),
    'headers' as const,
  ];
  switch (random.pick(places)) {
    case 'body':
      return {
        ...request,
        body: isMultipart(operation) ? mutateFile(request.body, random) : mutateBody(request.body, random),
      };
    case 'params': {
      const name = random.pick(Object.keys(request.params));
      return { ...request, params: { ...request.params, [name]: mutateText(request.params[name] ?? '', random) } };
    }
    case 'query': {
      const { name } = random.pick(operation.parameters.filter((one) => one.in === 'query')) as Parameter;
      const key = name === 'metadata' ? `metadata.${mutateText('color', random)}` : name;
      const value = random.next() < 0.1 ? '' : mutateText(request.query[name] ?? '2026-01-31', random);
      return { ...request, query: { ...request.query, [key]: value } };
    }
    default:
      return { ...request, headers: { ...request.headers, ...oddHeaders(random) } };
  }
}

const oddHeaders = (random: Random): Record<string, string> =>
  random.pick<Record<string, string>>([
    { 'X-Idempotency': 'k'.repeat(4_000), 'X-TTL': '99999999999' },
    { 'X-Idempotency': 'caf\u00e9 "', 'X-TTL': '-1' },
    { 'X-TTL': 'soon' },
    { 'X-Request-Id': 'x'.repeat(500) },
    { Accept: 'application/json' },
    { Accept: 'text/html' },
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': 'application/json; charset=utf-16' },
    { 'Content-Encoding': 'gzip' },
  ]);

function mutateFile(sound: unknown, random: Random): { dsl: string } {
  const { dsl } = sound as { dsl: string };
  const at = random.below(dsl.length);
  return {
    dsl: random.pick([
      dsl.slice(0, at),
      `${dsl.slice(0, at)}${random.pick(['(', ')', '"', '|', '\u0000', '💥', '-1', ':share 0', '99999999999999999999'])}${dsl.slice(at)}`,
      dsl.replace(/\d+/, '9'.repeat(300)),
      dsl.replace('USD', 'XXX'),
    ]),
  };
}

const isMultipart = ({ requestBody }: Operation) => 'multipart/form-data' in (requestBody?.content ?? {});

function pathOf({ path }: Operation, { params }: Request): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}

async function send(base: string, operation: Operation, request: Request): Promise<Reply> {
  const query = new URLSearchParams(request.query).toString();
  const path = `${pathOf(operation, request)}${query && `?${query}`}`;
  const options: CallOptions = { headers: request.headers };
  if (!isMultipart(operation)) return call(base, operation.method, path, { ...options, body: request.body });
  const form = new FormData();
  form.append('dsl', new Blob([(request.body as { dsl: string }).dsl]), 'walk.gold');
  const { 'Content-Type': _, ...headers } = request.headers;
  const response = await fetch(`${base}${path}`, { method: 'POST', body: form, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : JSON.parse(text) };
}

/** What in an answer is not as documented: status, media type, headers, body, code. */
function faultOf(operation: Operation, request: Request, reply: Reply): string | undefined {
  if (reply.status >= 500) return 'a fault of the server';
  const response = operation.responses[reply.status];
  if (response === undefined) return `status ${reply.status} is not documented`;
  for (const name of Object.keys(response.headers ?? {}))
    if (!reply.headers.has(name) && (reply.status < 300 || !onlyOnceRouted.has(name)))
      return `the documented header ${name} is missing`;
  if (response.content === undefined || operation.method === 'HEAD')
    return reply.text === '' ? undefined : 'a body that is not documented';
  const type = (reply.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  const wanted = request.headers['Accept'] === 'application/json' && reply.status >= 400 ? 'application/json' : type;
  const media = response.content[type];
  if (media === undefined || type !== wanted) return `${type} is not documented`;
  const body = type.includes('json') ? reply.body : reply.text;
  return faultsOf(media.schema as Json, body) ?? (reply.status < 300 ? undefined : codeFault(response, reply));
}

/** What is refused before it is known which route is meant cannot say that the route is deprecated. */
const onlyOnceRouted = new Set(['Deprecation', 'Sunset', 'Link']);

function codeFault({ content = {} }: Response, { body }: Reply): string | undefined {
  const examples = Object.values(content).flatMap((media: Media) => Object.values(media.examples ?? {}));
  const codes = examples.map((one) => follow(one).value.code);
  if (body.fields !== undefined && body.errors === undefined) return 'fields without errors';
  return codes.includes(body.code) ? undefined : `code ${body.code} is not documented for this operation`;
}

function describe({ method, path }: Operation, request: Request, { status, text }: Reply, wrong: string): string {
  return `${wrong.slice(0, 600)}\n  ${method} ${path}\n  ${JSON.stringify(request).slice(0, 1_500)}\n  ${status} ${text.slice(0, 600)}`;
}
