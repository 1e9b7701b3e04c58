import type { MetadataIndexPort } from './metadata-index-port.js';
import type { Poster } from './posting/poster.js';

/** What the ledger's routes are built from; handed in by `cli/`, so that no module keeps state, clock or randomness of its own. */
export interface LedgerDeps {
  readonly now: () => Date;
  /** UUIDv7: list order and cursors rely on ids growing with time. */
  readonly newId: () => string;
  readonly poster: Poster;
  readonly metadataIndexes: MetadataIndexPort;
  readonly limits: {
    /** Largest `limit` of a list. */
    readonly pageLimitMax: number;
    /** Longest date range of a list in months; 0: unlimited. */
    readonly monthRangeMax: number;
  };
  /** Organizations and ledgers cannot be deleted in production (ledger-api §4.1). */
  readonly production: boolean;
  /** Whether identical bodies without a key are one transaction for 300 s (ledger-api §5.10). */
  readonly implicitIdempotency: boolean;
}
