import type { Migration } from '../../postgres/migration.js';
import { control } from './0001-control.js';
import { operations } from './0002-operations.js';
import { fleetMigrations } from './0003-fleet-migrations.js';
import { associations } from './0004-associations.js';
import { quotas } from './0005-quotas.js';
import { moves } from './0006-moves.js';
import { operatorKeys } from './0007-operator-keys.js';

/** Of the control database, in order. Released migrations are never changed, only followed. */
export const controlMigrations: readonly Migration[] = [
  control,
  operations,
  fleetMigrations,
  associations,
  quotas,
  moves,
  operatorKeys,
];
