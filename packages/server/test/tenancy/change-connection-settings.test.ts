import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeConnectionSettings } from '../../src/tenancy/change-connection-settings.js';
import { beginOperation } from '../../src/tenancy/operations.js';
import { createInstallation, type Installation } from './support/installation.js';

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation();
});
afterAll(() => installation.remove());

test('while a tenant is moved its statement timeout stays what both its logins were made with; the rest may change', async () => {
  const { manager } = installation;
  const { id: tenantId } = await installation.create({ isolation: 'schema' });
  const change = (settings: object) =>
    changeConnectionSettings(manager, tenantId, 'ledger', { actor: 'test', change: settings });
  await change({ statementTimeout: '3s' });
  const at = new Date().toISOString();
  const move = {
    id: manager.newId(),
    kind: 'tenant.move',
    tenantId,
    actor: 'test',
    total: 1,
    notBefore: at,
    at,
  } as const;
  await beginOperation(manager.control.pool, move);
  await expect(change({ statementTimeout: '2s' })).rejects.toMatchObject({ reasonName: 'operation_running' });
  expect(await change({ maxOpenConns: 3 })).toMatchObject({ connectionsMax: 3, statementTimeoutMs: 3_000 });
});
