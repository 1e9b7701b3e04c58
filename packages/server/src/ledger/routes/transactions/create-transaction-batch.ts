import { LedgerError } from '@cofferdam/core';
import { type Static, Type } from 'typebox';
import { renderProblem } from '../../../http/problem.js';
import { ProblemView } from '../../../http/problem-view.js';
import { type Call, defineRoute } from '../../../http/route.js';
import { Deferred } from '../../../http/schemas.js';
import { compileBody } from '../../../http/validate-body.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import type { BatchEntry } from '../../posting/poster.js';
import type { CreatePosting, IdempotencyClaim } from '../../posting/posting-types.js';
import { createdTransactionExample, createdView, TransactionView } from '../../views/transaction.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, may, param } from '../shared/paths.js';
import { createErrors, createHeaders } from './create-transaction.js';
import { jsonExample } from './examples.js';
import { batchEntryKeyHash, explicitKeyHash, header, readTtl } from './idempotency.js';
import { type Place, readPosting } from './read-posting.js';
import { BatchEntryBody } from './transaction-body.js';

const entriesMax = 1000;

const BatchBody = Type.Object(
  {
    atomic: Type.Optional(Type.Boolean({ description: 'All or nothing; false by default.' })),
    transactions: Type.Array(Deferred<unknown>(BatchEntryBody as unknown as Record<string, unknown>), {
      minItems: 1,
      maxItems: entriesMax,
    }),
  },
  { additionalProperties: false },
);

const Result = Type.Object(
  {
    index: Type.Integer(),
    status: Type.Integer({ description: 'What the entry would have been answered with alone.' }),
    transaction: Type.Optional(TransactionView),
    error: Type.Optional(ProblemView),
  },
  { title: 'BatchResult' },
);

/** Many creates with one request (contract.md, "Batch posting"). */
export const createTransactionBatch = (deps: LedgerDeps) => {
  const checkEntry = compileBody(BatchEntryBody);
  return defineRoute<TenantContext, typeof BatchBody>({
    method: 'POST',
    url: `${ledgerPath}/transactions/batch`,
    guard: may('transactions', 'post'),
    operationId: 'createTransactionBatch',
    tag: 'Transactions',
    summary: 'Post many transactions',
    description:
      'Up to 1,000 bodies of /json, each with an optional idempotencyKey. Without atomic each stands for itself; with it the first error is the answer and nothing is posted. X-Idempotency covers the batch: sent again, entries that were posted replay and entries that were refused are tried again.',
    body: BatchBody,
    bodyLimit: 4 * 1024 * 1024,
    requestHeaders: {
      'X-Idempotency': 'Covers the batch: each entry without a key of its own is remembered under this and its place.',
      'X-TTL': createHeaders['X-TTL'],
    },
    requestExample: {
      atomic: false,
      transactions: [jsonExample, { ...jsonExample, idempotencyKey: 'salary-2026-01' }],
    },
    success: {
      status: 200,
      description: 'One result per entry, in the order sent.',
      schema: Type.Object(
        { results: Type.Array(Result), succeeded: Type.Integer(), failed: Type.Integer() },
        { title: 'BatchResults' },
      ),
      example: {
        results: [{ index: 0, status: 201, transaction: createdTransactionExample }],
        succeeded: 1,
        failed: 0,
      },
    },
    errors: [...createErrors, 'invalid_pending_transaction'],
    handler: async ({ context, params, body, bodyBytes, headers, log }) => {
      const place = { organizationId: param(params, 'organization_id'), ledgerId: param(params, 'ledger_id') };
      const read = body.transactions.map((entry, index) => {
        try {
          return { posting: readEntry(checkEntry, entry, index, place, headers) };
        } catch (refusal) {
          return { refusal };
        }
      });
      const entries =
        body.atomic === true
          ? await postTogether(deps, context, read, bodyBytes)
          : await postEach(deps, context, read, bodyBytes);
      const results = entries.map((entry, index) => toResult(entry, index, log));
      const succeeded = results.filter((result) => 'transaction' in result).length;
      return ok({ results, succeeded, failed: results.length - succeeded });
    },
  });
};

type ReadEntry = { readonly posting: CreatePosting } | { readonly refusal: unknown };

/** Throws what a single create would: the limits of ledger-api §3.1 count per entry. */
function readEntry(
  check: (body: unknown) => unknown,
  entry: unknown,
  index: number,
  place: Place,
  headers: Call<unknown, unknown>['headers'],
): CreatePosting {
  const checked = check(entry) as Static<typeof BatchEntryBody>;
  const posting = readPosting('direct', checked, place);
  const batchKey = header(headers, 'x-idempotency');
  const hash =
    checked.idempotencyKey !== undefined
      ? explicitKeyHash(checked.idempotencyKey)
      : batchKey !== ''
        ? batchEntryKeyHash(batchKey, index)
        : undefined;
  if (hash === undefined) return posting; // two equal salaries must both be paid
  const idempotency: IdempotencyClaim = { hash, ttlSeconds: readTtl(header(headers, 'x-ttl')) };
  return { ...posting, idempotency };
}

async function postTogether(
  { poster }: LedgerDeps,
  context: TenantContext,
  read: readonly ReadEntry[],
  bytes: number,
): Promise<BatchEntry[]> {
  const postings = read.map((entry) => {
    if ('refusal' in entry) throw entry.refusal;
    return entry.posting;
  });
  return (await poster.postTogether(context, postings, bytes)).map((posted) => ({ posted }));
}

async function postEach(
  { poster }: LedgerDeps,
  context: TenantContext,
  read: readonly ReadEntry[],
  bytes: number,
): Promise<BatchEntry[]> {
  const postings = read.flatMap((entry) => ('posting' in entry ? [entry.posting] : []));
  const posted = (await poster.postEach(context, postings, bytes)).values();
  return read.map((entry) => {
    if ('refusal' in entry) return entry;
    return posted.next().value ?? { refusal: new Error('an entry of a batch was left without an answer') };
  });
}

function toResult(entry: BatchEntry, index: number, log: Call<unknown, unknown>['log']) {
  if ('posted' in entry) {
    const { posted } = entry;
    return { index, status: 201, transaction: posted.firstAnswer ?? createdView(posted) };
  }
  const { status, body } = renderProblem(entry.refusal, undefined);
  if (status >= 500)
    log.error(
      { err: entry.refusal, ...(entry.refusal instanceof LedgerError && { cause: entry.refusal.info.log }) },
      'an entry of a batch failed',
    );
  return { index, status, error: body };
}
