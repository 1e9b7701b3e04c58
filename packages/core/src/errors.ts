import { type ErrorName, errorCatalogue } from './error-catalogue.js';

/** One offending field of a request. `value` is given for unexpected fields only (ledger-api §11.1). */
export interface FieldProblem {
  readonly location: string;
  readonly message: string;
  readonly value?: unknown;
}

export interface LedgerErrorInfo {
  /** For the client: what is wrong, where, and what would be right. Never anything internal. */
  readonly detail: string;
  /** The resource concerned, as the contract spells it: `Organization`, `Account`, … */
  readonly entityType?: string;
  readonly errors?: readonly FieldProblem[];
  /** Word code beside the numeric one, e.g. `TENANT_SUSPENDED` (tenancy §5.2). */
  readonly reason?: string;
  /** Seconds for the `Retry-After` header of a 503. */
  readonly retryAfterSeconds?: number;
  /** For the log only. */
  readonly log?: unknown;
}

/**
 * An expected refusal. Thrown, so that a database transaction around it rolls back by itself;
 * caught only by the HTTP error handler and, for the members of a batch, by the poster.
 */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly reasonName: ErrorName;
  readonly code: string;
  readonly title: string;
  readonly info: LedgerErrorInfo;

  constructor(reasonName: ErrorName, info: LedgerErrorInfo) {
    super(`${reasonName}: ${info.detail}`);
    this.reasonName = reasonName;
    this.code = errorCatalogue[reasonName].code;
    this.title = errorCatalogue[reasonName].title;
    this.info = info;
  }
}
