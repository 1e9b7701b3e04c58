import { LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import type { MultipartForm } from '../../../http/multipart.js';
import { defineRoute } from '../../../http/route.js';
import { Metadata } from '../../../http/schemas.js';
import { compileBody } from '../../../http/validate-body.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { DslTransaction } from '../../dsl/dsl-transaction.js';
import { parseTransaction } from '../../dsl/parse-transaction.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createdTransactionExample, TransactionView } from '../../views/transaction.js';
import { ledgerPath, may, param } from '../shared/paths.js';
import { createdAnswer, createErrors, createHeaders } from './create-transaction.js';
import { claimOf } from './idempotency.js';
import { readPosting } from './read-posting.js';

const Body = Type.Object({
  dsl: Type.String({
    contentMediaType: 'text/plain',
    description: 'A file whose name contains .gold: (transaction V1 …).',
  }),
});

const checkMetadata = compileBody(
  Type.Object({ metadata: Type.Optional(Metadata()) }, { additionalProperties: false }),
);

/** The older way to post, by a file in a language of its own (ledger-api §5.1). */
export const createDslTransaction = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${ledgerPath}/transactions/dsl`,
    guard: may('transactions', 'post'),
    operationId: 'createDslTransaction',
    tag: 'Transactions',
    summary: 'Post a transaction from a DSL file',
    description:
      'Kept for older clients: use /transactions/json. In the file the part of an amount after | has no effect: 1000|2 is 1000.',
    deprecated: { sunset: 'Sat, 01 Aug 2026 00:00:00 GMT', successor: `${ledgerPath}/transactions/json` },
    body: Body,
    bodyType: 'multipart',
    requestExample: {
      dsl: '(transaction V1 (chart-of-accounts-group-name PAYMENTS) (send USD 100|0 (source (from @external/USD :amount USD 100|0)) (distribute (to @alice :remaining))))',
    },
    requestHeaders: createHeaders,
    success: {
      status: 201,
      description: 'Posted, as by /transactions/json.',
      schema: TransactionView,
      headers: {
        'X-Idempotency-Replayed': 'true when this is the remembered answer of an earlier call, else false.',
      },
      example: createdTransactionExample,
    },
    errors: [
      'invalid_dsl_file_format',
      'empty_dsl_file',
      'invalid_script_format',
      ...createErrors,
      'invalid_pending_transaction',
    ],
    handler: async ({ context, params, body, headers }) => {
      const place = { organizationId: param(params, 'organization_id'), ledgerId: param(params, 'ledger_id') };
      const text = readFile(body as unknown as MultipartForm);
      const input = refuseBadMetadata(parseTransaction(text));
      const posting = readPosting('direct', input, place);
      const idempotency = claimOf(headers, 'dsl', posting, deps.implicitIdempotency, input);
      const posted = await deps.poster.post(
        context,
        idempotency === undefined ? posting : { ...posting, idempotency },
        text.length,
      );
      return createdAnswer(posted);
    },
  });

/** Throws 0048 for no file, another name or another encoding, 0049 for an empty one. */
function readFile({ dsl }: MultipartForm): string {
  if (dsl === undefined || typeof dsl === 'string') throw badFile('Send a file in the form member "dsl".');
  if (!dsl.fileName.includes('.gold')) throw badFile('The name of the file must contain ".gold".');
  if (dsl.text === undefined || dsl.text.includes('\0')) throw badFile('The file must be text in UTF-8.');
  if (dsl.text.trim() === '')
    throw new LedgerError('empty_dsl_file', {
      entityType: 'Transaction',
      detail: 'The DSL file is empty. Write one transaction into it.',
    });
  return dsl.text;
}

function badFile(detail: string): LedgerError {
  return new LedgerError('invalid_dsl_file_format', { entityType: 'Transaction', detail });
}

/** Limits of texts are not held to here, but metadata is read and indexed like any other (§3.2). */
function refuseBadMetadata(transaction: DslTransaction): DslTransaction {
  const { send } = transaction;
  for (const { metadata } of [transaction, ...send.source.from, ...send.distribute.to])
    if (metadata !== undefined) checkMetadata({ metadata });
  return transaction;
}
