import { closeStore } from './close-store.js';
import { createRoles } from './create-roles.js';
import { createStore } from './create-store.js';
import { grantRights } from './grant-rights.js';
import { migrateStore } from './migrate-store.js';
import type { ProvisioningStep } from './run.js';
import { seedAccess } from './seed-access.js';
import { verifyIsolation } from './verify-isolation.js';

/**
 * In order. Names and credentials are reserved before these, in the transaction that makes the tenant; becoming active
 * comes after them, in the transaction that records the last one.
 */
export const provisioningSteps: readonly ProvisioningStep[] = [
  createRoles,
  createStore,
  closeStore,
  migrateStore,
  grantRights,
  verifyIsolation,
  seedAccess,
];

/** With the activation at the end. */
export const provisioningStepsTotal = provisioningSteps.length + 1;
