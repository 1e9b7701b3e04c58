export { type ClientOptions, type CofferdamClient, createClient } from './client.js';
export { CofferdamError, type FieldProblem, isRefusal } from './error.js';
export type { RetryOptions } from './retry.js';
export { type ClientCredentials, clientCredentials, type TokenProvider } from './token.js';
export type { Answer, CallOptions, Input, Item, ListId, OperationId, Output, Schema } from './types.js';
