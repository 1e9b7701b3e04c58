import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { healthRoute, readinessRoute, versionRoute } from '../packages/server/src/cli/parts/operational-routes.js';
import { version } from '../packages/server/src/cli/version.js';
import { createListener, registerRoutes } from '../packages/server/src/http/listener.js';
import { registerOpenApi } from '../packages/server/src/http/openapi.js';
import { renderProblem } from '../packages/server/src/http/problem.js';
import type { RouteDefinition } from '../packages/server/src/http/route.js';
import { ledgerRoutes } from '../packages/server/src/ledger/ledger-app.js';
import { openApiText } from './openapi-text.js';

/** The ledger's document as a server with authentication on serves it; no handler of it is ever called here. */
export async function openApiDocument(): Promise<unknown> {
  const app = createListener({
    name: 'openapi',
    logger: pino({ level: 'silent' }),
    newRequestId: () => 'openapi',
    renderError: renderProblem,
  });
  const routes = [
    ...ledgerRoutes({} as never),
    healthRoute(),
    versionRoute(() => new Date(0)),
    readinessRoute('multi-tenant', () => false, {}),
  ] as unknown as RouteDefinition<never>[];
  registerRoutes(app, routes as never, { admit: () => Promise.reject(new Error('no requests')) });
  registerOpenApi(app, {
    title: 'Cofferdam Ledger',
    version,
    description: 'Double-entry ledger: organizations, ledgers, assets, accounts, balances, transactions.',
    routes,
    authEnabled: true,
  });
  await app.ready();
  const { body } = await app.inject({ url: '/openapi.json' });
  await app.close();
  return JSON.parse(body);
}

if (process.argv[1]?.endsWith('openapi-document.ts'))
  writeFileSync(new URL('../openapi/openapi.json', import.meta.url), openApiText(await openApiDocument()));
