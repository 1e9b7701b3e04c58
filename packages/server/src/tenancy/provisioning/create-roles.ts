import { createStoreRoles, roleLimitsOf } from '../walls/store-roles.js';
import type { ProvisioningStep } from './run.js';

export const createRoles: ProvisioningStep = {
  name: 'create-roles',
  run: ({ server, placement, passwords }) =>
    createStoreRoles(server.cluster, placement.store, passwords, roleLimitsOf(placement)),
};
