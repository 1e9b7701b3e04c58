import { operations } from './generated/operations.js';
import { itemsOf, pagesOf } from './pages.js';
import type { RetryOptions } from './retry.js';
import { createSender } from './send.js';
import type { TokenProvider } from './token.js';
import type { Answer, Arguments, Input, Item, ListId, OperationId, Output } from './types.js';

export interface ClientOptions {
  /** Of the ledger, such as `https://ledger.example.com`. Several are tried in turn when one cannot be reached. */
  readonly baseUrl: string | readonly string[];
  /** None: no token is sent, which a server without authentication takes. Asked again, once, when a token is refused. */
  readonly token?: TokenProvider;
  readonly retry?: RetryOptions;
  /** Of one attempt, in milliseconds: 30,000 unless given. */
  readonly timeoutMs?: number;
  /** Makes idempotency keys: random UUIDs unless given. */
  readonly newKey?: () => string;
  /** Instead of the one of the runtime. */
  readonly fetch?: typeof fetch;
}

type Operations = { readonly [Id in OperationId]: (...input: Arguments<Id>) => Promise<Output<Id>> };

/** Every operation of the document is a method: `client.createAccount({ path, body })`. All throw `CofferdamError`. */
export interface CofferdamClient extends Operations {
  /** The same by name, with status, headers and request id beside the body. */
  call<Id extends OperationId>(operationId: Id, ...input: Arguments<Id>): Promise<Answer<Id>>;
  /** The pages of a list from the one that the query names on; each is read when it is asked for. */
  pages<Id extends ListId>(operationId: Id, ...input: Arguments<Id>): AsyncGenerator<Output<Id>, void, undefined>;
  /** The items of a list, page after page: `for await (const account of client.items('listAccounts', { path }))`. */
  items<Id extends ListId>(operationId: Id, ...input: Arguments<Id>): AsyncGenerator<Item<Id>, void, undefined>;
}

/** A client of one ledger server. Throws a TypeError for a base URL that is none. */
export function createClient(options: ClientOptions): CofferdamClient {
  const send = createSender(options);
  const call = <Id extends OperationId>(operationId: Id, ...[input]: Arguments<Id>) =>
    send(operationId, (input ?? {}) as Input<Id>);
  const methods = Object.fromEntries(
    Object.keys(operations).map((operationId) => [
      operationId,
      async (input: never) => (await send(operationId as OperationId, input ?? {})).data,
    ]),
  ) as unknown as Operations;
  return Object.freeze({
    ...methods,
    call,
    pages: <Id extends ListId>(operationId: Id, ...[input]: Arguments<Id>) => pagesOf(send, operationId, input),
    items: <Id extends ListId>(operationId: Id, ...[input]: Arguments<Id>) => itemsOf(send, operationId, input),
  });
}
