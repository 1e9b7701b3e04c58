import { diskFull } from './disk-full.js';
import { embedded } from './embedded.js';
import type { Experiment } from './experiment.js';
import { manyTenants } from './many-tenants.js';
import { promotion } from './promotion.js';
import { single } from './single-tenant.js';
import { upgrade } from './upgrade.js';

export const experiments: readonly Experiment[] = [upgrade, manyTenants, promotion, single, diskFull, embedded];
