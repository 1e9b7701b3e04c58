import { Type } from 'typebox';
import { readText } from '../../../http/query.js';
import { defineRoute, type RouteDefinition } from '../../../http/route.js';
import { type AccessContext, callerOf } from '../../access-context.js';
import { AccessError } from '../../access-errors.js';
import { type AuditFilter, listAuditEvents } from '../../directory/audit-events.js';
import { withDirectory } from '../../directory/with-directory.js';
import type { Identity } from '../../identity/identity-context.js';
import { listOf, listQuery, noStore, readListPage } from './lists.js';

const text = Type.Union([Type.String(), Type.Null()]);
const eventSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  at: Type.String({ format: 'date-time' }),
  kind: Type.String(),
  result: Type.String({ description: 'ok, failed or refused' }),
  reason: text,
  actor: Type.Union([Type.String({ description: 'user id or client id' }), Type.Null()]),
  target: Type.Union([Type.String({ description: 'id of the user or application acted upon' }), Type.Null()]),
  address: text,
});

/** The security events of the caller's tenant (access-manager §8.7). */
export function auditEventsRoute({ store }: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'GET',
    url: '/v1/audit-events',
    guard: { permission: { resource: 'audit-events', action: 'get' } },
    operationId: 'listAuditEvents',
    tag: 'Audit',
    summary: 'Who did what: logins, changes of users, groups, passwords, applications, and what was refused',
    query: Type.Object({
      ...listQuery,
      kind: Type.Optional(Type.String()),
      result: Type.Optional(Type.String()),
      actor: Type.Optional(Type.String()),
      target: Type.Optional(Type.String()),
      from: Type.Optional(Type.String({ format: 'date-time', description: 'from here, inclusive' })),
      to: Type.Optional(Type.String({ format: 'date-time', description: 'before this' })),
    }),
    success: { status: 200, description: 'The newest first', schema: listOf(eventSchema) },
    errors: [],
    async handler({ query, context }) {
      const { page, ...window } = readListPage(query);
      const filter: AuditFilter = {
        kind: readText(query, 'kind', 64),
        result: readText(query, 'result', 64),
        actor: readText(query, 'actor', 128),
        target: readText(query, 'target', 128),
        from: readMoment(query['from'], 'from'),
        to: readMoment(query['to'], 'to'),
      };
      const { tenantId } = callerOf(context);
      const { items, total } = await withDirectory(store, tenantId, (tx) => listAuditEvents(tx, filter, window));
      return { status: 200, body: { items, page, limit: window.limit, total }, headers: noStore };
    },
  });
}

const moment = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/i;

function readMoment(value: string | undefined, name: string): Date | undefined {
  if (!value) return undefined;
  const at = moment.test(value) ? new Date(value) : new Date(Number.NaN);
  if (!Number.isNaN(at.getTime())) return at;
  throw new AccessError('invalid_query_parameter', {
    message: `${name} must be a date (2026-01-31) or an RFC 3339 date and time (2026-01-31T12:00:00Z).`,
  });
}
