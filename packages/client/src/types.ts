import type { operations as table } from './generated/operations.js';
import type { components, operations } from './generated/schema.js';

/** A schema of the document by its name: `Schema<'Account'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

export type OperationId = keyof typeof table & keyof operations;

type Parameters<Id extends OperationId> = operations[Id]['parameters'];

/** `metadata.<key>`: at most one of them. */
export type MetadataFilter = Readonly<Record<`metadata.${string}`, string>>;

type Query<Id extends OperationId> =
  NonNullable<Parameters<Id>['query']> extends { metadata?: unknown }
    ? Omit<NonNullable<Parameters<Id>['query']>, 'metadata'> & { readonly metadata?: MetadataFilter }
    : NonNullable<Parameters<Id>['query']>;

type Body<Id extends OperationId> = operations[Id] extends {
  requestBody: { content: infer Content };
}
  ? Content[keyof Content]
  : never;

type IfGiven<T, Given> = [T] extends [never] ? unknown : Given;
type AllOptional<T> = Partial<T> extends T ? true : false;

/** What an operation is called with: the parts of the request that it has, and how the call is to be made. */
export type Input<Id extends OperationId> = CallOptions &
  IfGiven<NonNullable<Parameters<Id>['path']>, { readonly path: Parameters<Id>['path'] }> &
  IfGiven<
    NonNullable<Parameters<Id>['query']>,
    AllOptional<Query<Id>> extends true ? { readonly query?: Query<Id> } : { readonly query: Query<Id> }
  > &
  IfGiven<Body<Id>, { readonly body: Body<Id> }>;

/** The arguments of a call: none are needed when no part of the request is. */
export type Arguments<Id extends OperationId> =
  AllOptional<Input<Id>> extends true ? [input?: Input<Id>] : [input: Input<Id>];

type Success<Id extends OperationId> = operations[Id]['responses'] extends infer Responses
  ? Responses[keyof Responses]
  : never;

/** What an operation answers: the body, the number of a count, nothing after a delete. */
export type Output<Id extends OperationId> = Id extends `count${string}`
  ? number
  : Success<Id> extends { content: infer Content }
    ? Content[keyof Content]
    : undefined;

/** The operations that answer a list page by page. */
export type ListId = {
  [Id in OperationId]: (typeof table)[Id] extends { readonly list: string } ? Id : never;
}[OperationId];

/** One item of a list. */
export type Item<Id extends ListId> = Output<Id> extends { items: (infer One)[] } ? One : never;

export interface CallOptions {
  /** Ends the call, its retries and its waiting; the call then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Of one attempt, in milliseconds; the client's own unless given. */
  readonly timeoutMs?: number;
  /**
   * Creates of transactions, holders and instruments: the same key is the same record, however often it is sent. The
   * client makes one when none is given, and every retry of the call repeats it.
   */
  readonly idempotencyKey?: string;
  /** For how many seconds the server remembers the key: 300 unless given. */
  readonly idempotencySeconds?: number;
  /** `X-Request-Id`; the server makes one unless given. */
  readonly requestId?: string;
}

/** An answer with what surrounds its body. */
export interface Answer<Id extends OperationId> {
  readonly data: Output<Id>;
  readonly status: number;
  readonly headers: Headers;
  /** `X-Request-Id`: what the server's log knows this request by. */
  readonly requestId: string | undefined;
  /** The server answered an earlier call of the same idempotency key again. */
  readonly replayed: boolean;
  /** How often the request was sent. */
  readonly attempts: number;
}
