import type { ProvisioningStep } from './run.js';

/** Owner, groups and application in the Access Manager. What the seed was made of is forgotten once it is recorded. */
export const seedAccess: ProvisioningStep = {
  name: 'seed-access',
  async run({ seed, access, tenant }) {
    if (seed === undefined) throw new Error(`tenant ${tenant.id}: nothing to seed the Access Manager with is left`);
    await access.seed(seed);
  },
};
