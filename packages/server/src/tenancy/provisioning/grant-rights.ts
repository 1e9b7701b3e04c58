import { quoteIdentifier as id } from '../../postgres/identifiers.js';
import type { ProvisioningStep } from './run.js';

/** Rows, not structure: USAGE on the one schema and what `runtimeGrants` names, for the run-time login alone. */
export const grantRights: ProvisioningStep = {
  name: 'grant-rights',
  async run({ inStore, placement, runtimeGrants }) {
    const { schema, runtimeLogin, ownerRole } = placement.store;
    const client = await inStore();
    await client.query(
      `set role ${id(ownerRole)};
       grant usage on schema ${id(schema)} to ${id(runtimeLogin)};
       ${runtimeGrants(id(runtimeLogin))};
       reset role`,
    );
  },
};
