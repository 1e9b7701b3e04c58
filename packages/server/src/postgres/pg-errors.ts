/** Generic reading of PostgreSQL's errors. Which constraint means which refusal is known to the part that owns the table. */

interface PgErrorLike {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly table?: unknown;
}

/** The SQLSTATE (five characters), or undefined when the error did not come from the server. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as PgErrorLike | null | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !systemErrors.has(code) ? code : undefined;
}

// Five capital letters, yet Node's and not a SQLSTATE.
const systemErrors = new Set(['EPIPE', 'EPERM', 'EBUSY', 'EBADF', 'EINTR', 'EROFS', 'EFBIG', 'EXDEV']);

/** The violated constraint's name; also set by triggers that raise `using constraint = …`. */
export function violatedConstraint(error: unknown): string | undefined {
  const constraint = (error as PgErrorLike | null | undefined)?.constraint;
  return typeof constraint === 'string' && sqlState(error) !== undefined ? constraint : undefined;
}

/**
 * Serialization failure or deadlock: the transaction left no trace and the same transaction may succeed when run again.
 * 55P03 (lock not available) is not among them: whoever set a lock timeout wanted the answer.
 */
export function isRetryable(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return sqlState(error) === '23505' && (constraint === undefined || violatedConstraint(error) === constraint);
}

/** 42501: the wall between tenants answered. */
export function isPermissionDenied(error: unknown): boolean {
  return sqlState(error) === '42501';
}

/** 55P03: `lock_timeout` or `nowait` gave up. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03';
}

/** 57014: `statement_timeout` or a cancel request. */
export function isStatementCancelled(error: unknown): boolean {
  return sqlState(error) === '57014';
}

/**
 * The server has no disk, memory or room left (53100 disk full), its disk does not answer
 * (58030), or it may not be written to (25006). Nothing was written; it takes an operator, or time.
 */
export function isOutOfResources(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && (state.startsWith('53') || state === '58030' || state === '25006');
}

/**
 * The data itself was refused: running the same statement again cannot help. Classes 22 (its form), 23 (a constraint), 54
 * (more than an index or a statement can hold), and P0001 (a trigger's own words).
 */
export function isDataError(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && (/^(22|23|54)/.test(state) || state === 'P0001');
}

/**
 * The connection went away, or could never be made. When this is the answer to COMMIT, the outcome is *unknown*:
 * look for what the transaction would have written before doing anything again.
 */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  // 08: connection exceptions; 57P01–57P05: the server is going down, crashed, starting, or dropped the session.
  if (state !== undefined) return state.startsWith('08') || /^57P0[1-5]$/.test(state) || state === '53300';
  if (!(error instanceof Error)) return false;
  const code = (error as PgErrorLike).code;
  if (typeof code === 'string' && networkErrors.has(code)) return true;
  // The driver has no codes for these.
  return /^Connection terminated|not queryable|^timeout (exceeded when trying to connect|expired)|^Client was closed/.test(
    error.message,
  );
}

const networkErrors = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOTPRIMARY', // ours: primary-client.ts
]);
