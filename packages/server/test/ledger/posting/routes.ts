import { type OperationRouteType, type Scenario, scenarios } from '@cofferdam/core';
import { v7 as newId } from 'uuid';
import type { Books } from './books.js';

export interface RouteOptions {
  readonly type: OperationRouteType;
  /** Names of scenarios, each with both rubrics: code `<scenario>-debit`, `<scenario>-credit`. */
  readonly entries: string;
  readonly account?: object;
}

const rubrics = (scenario: Scenario) => ({
  debit: { code: `${scenario}-debit`, description: `Debit of ${scenario}` },
  credit: { code: `${scenario}-credit`, description: `Credit of ${scenario}` },
});

/** A transaction route of new operation routes, by plain SQL, so that it may be what the routes would refuse. */
export async function addRoutes({ organizationId, store }: Books, ledgerId: string, members: readonly RouteOptions[]) {
  const transactionRouteId = newId();
  await store.adminPool.query(
    `insert into transaction_route (id, organization_id, ledger_id, title, created_at, updated_at)
     values ($1, $2, $3, 'T', now(), now())`,
    [transactionRouteId, organizationId, ledgerId],
  );
  const operationRouteIds: string[] = [];
  for (const [position, { type, entries, account }] of members.entries()) {
    const id = newId();
    const named = scenarios.filter((scenario) => entries.split(' ').includes(scenario));
    await store.adminPool.query(
      `insert into operation_route
         (id, organization_id, ledger_id, title, operation_type, account, accounting_entries, created_at, updated_at)
       values ($1, $2, $3, 'O', $4, $5, $6, now(), now())`,
      [
        id,
        organizationId,
        ledgerId,
        type,
        account === undefined ? null : JSON.stringify(account),
        JSON.stringify(Object.fromEntries(named.map((scenario) => [scenario, rubrics(scenario)]))),
      ],
    );
    await store.adminPool.query('insert into transaction_route_member values ($1, $2, $3)', [
      transactionRouteId,
      id,
      position,
    ]);
    operationRouteIds.push(id);
  }
  return { transactionRouteId, operationRouteIds };
}
