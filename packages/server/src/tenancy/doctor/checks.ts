import { checkKeys } from './check-keys.js';
import { checkMoves } from './check-moves.js';
import { checkOrphans } from './check-orphans.js';
import { checkPublicRights, checkServiceLogins, checkWalls } from './check-rights.js';
import { checkServers } from './check-servers.js';
import { checkDrift, checkMigrations, checkReachability, checkUnfinished } from './check-tenants.js';
import type { Check } from './finding.js';

/** In the order in which they are of use: what is wrong with a server explains what is wrong with its tenants. */
export const installationChecks: readonly Check[] = [
  checkServers,
  checkPublicRights,
  checkServiceLogins,
  checkMigrations,
  checkUnfinished,
  checkKeys,
  checkReachability,
  checkWalls,
  checkDrift,
  checkMoves,
  checkOrphans,
];
