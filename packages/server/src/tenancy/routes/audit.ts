import { Type } from 'typebox';
import { readOneOf, readText } from '../../http/query.js';
import { defineRoute } from '../../http/route.js';
import { type AuditRecord, auditOutcomes, listAudit } from '../audit-record.js';
import type { TenantManager } from '../tenant-manager.js';
import type { OperatorContext } from './admission.js';
import { readPage, readTenantFilter, writePage } from './paging.js';

const auditSchema = Type.Object({
  id: Type.Integer(),
  at: Type.String(),
  actor: Type.String({
    description:
      '`operator:name`: by a key of its own; `operator`: the installation’s key, with the name sent in X-Operator; `system`: a worker.',
  }),
  action: Type.String(),
  tenantId: Type.Optional(Type.String()),
  outcome: Type.Unsafe<string>({ type: 'string', enum: auditOutcomes }),
  details: Type.Object({}),
});

export const listAuditRoute = (manager: TenantManager) =>
  defineRoute<OperatorContext>({
    method: 'GET',
    url: '/v1/audit',
    guard: { operator: true },
    operationId: 'listAudit',
    tag: 'Operations',
    summary: 'What operators and workers did, newest first; refused attempts too',
    query: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
      cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
      tenantId: Type.Optional(Type.String()),
      action: Type.Optional(Type.String({ examples: ['tenant.suspend'] })),
      actor: Type.Optional(Type.String()),
      outcome: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: auditOutcomes })),
    }),
    success: {
      status: 200,
      description: '`next_cursor` is absent on the last page',
      schema: Type.Object({
        items: Type.Array(auditSchema),
        limit: Type.Integer(),
        next_cursor: Type.Optional(Type.String()),
      }),
    },
    errors: [],
    async handler({ query }) {
      const { limit, after } = readPage(query, /^\d{1,15}$/);
      const tenantId = readTenantFilter(readText(query, 'tenantId'));
      const action = readText(query, 'action', 100);
      const actor = readText(query, 'actor', 100);
      const outcome = readOneOf(query, 'outcome', auditOutcomes);
      const rows = await listAudit(manager.control.pool, {
        limit: limit + 1,
        ...(after === undefined ? {} : { before: Number(after) }),
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(action === undefined ? {} : { action }),
        ...(actor === undefined ? {} : { actor }),
        ...(outcome === undefined ? {} : { outcome }),
      });
      return { status: 200, body: writePage(rows, limit, viewAudit, ({ id }) => String(id)) };
    },
  });

function viewAudit({ tenantId, ...row }: AuditRecord): Record<string, unknown> {
  return { ...row, ...(tenantId === null ? {} : { tenantId }) };
}
