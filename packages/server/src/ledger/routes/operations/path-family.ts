import { ledgerPath } from '../shared/paths.js';

/** The public paths under `/v1`, and those without it which older official clients call (ledger-api §15.1). */
export type Family = 'v1' | 'unversioned';

export const ledgerPathOf = (family: Family) => (family === 'v1' ? ledgerPath : ledgerPath.replace(/^\/v1/, ''));

export const operationIdOf = (name: string, family: Family) => (family === 'v1' ? name : `${name}Unversioned`);

export const familyNote = (family: Family) => (family === 'v1' ? '' : ' For older clients; new ones use the /v1 path.');
