export {
  adminSettings,
  adminUrl,
  asAdmin,
  createScratchDatabase,
  dropAll,
  dropDatabase,
  dropRole,
  randomPrefix,
  type ScratchDatabase,
} from './admin.js';
export { createLedgerStore, type LedgerStore } from './ledger-store.js';
