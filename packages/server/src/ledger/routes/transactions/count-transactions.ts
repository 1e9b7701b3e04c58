import { Type } from 'typebox';
import { readOneOf, readStrictDateRange, readText } from '../../../http/query.js';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { countTransactions as count } from '../../storage/find-transactions.js';
import { readTenant } from '../../storage/with-tenant.js';
import { counted, countedSuccess } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

const statuses = ['CREATED', 'APPROVED', 'PENDING', 'CANCELED', 'NOTED'] as const;
const text = (description: string) => Type.Optional(Type.String({ description }));

export const countTransactions = ({ now }: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'HEAD',
    url: `${ledgerPath}/transactions/metrics/count`,
    guard: may('transactions', 'head'),
    operationId: 'countTransactions',
    tag: 'Transactions',
    summary: 'Count transactions',
    description: 'Of today (UTC) unless dates are sent.',
    query: Type.Object({
      route: text('Exact match.'),
      status: Type.Optional(Type.String({ enum: [...statuses] })),
      start_date: text('RFC 3339 only.'),
      end_date: text('RFC 3339 only.'),
    }),
    success: countedSuccess,
    errors: ['invalid_query_parameter', 'invalid_datetime_format', 'invalid_final_date'],
    handler: async ({ context, params, query }) => {
      const status = readOneOf(query, 'status', statuses);
      const range = readStrictDateRange(query, now());
      const route = readText(query, 'route');
      // CREATED is said only in the answer of a create; no stored transaction has it.
      if (status === 'CREATED') return counted(0);
      return counted(await readTenant(context, (tx) => count(tx, ledgerScope(params), { ...range, route, status })));
    },
  });
