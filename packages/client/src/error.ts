/** One field that was refused. */
export interface FieldProblem {
  readonly location: string;
  readonly message: string;
  readonly value?: unknown;
}

export interface ErrorDetails {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly FieldProblem[];
  readonly entityType?: string | undefined;
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
  readonly operationId: string;
  readonly attempts: number;
  readonly cause?: unknown;
}

/**
 * What a call throws. Decide by `code`: the server's own (`0018`, `CRM-0006`, … see docs/errors.md of the server), or
 * `UNREACHABLE` when no answer came, `TIMEOUT` when none came in time and `NOT_UNDERSTOOD` when what came is no answer of
 * a ledger; their `status` is 0, or the one that came.
 */
export class CofferdamError extends Error {
  override readonly name = 'CofferdamError';
  readonly code: string;
  /** Of HTTP. */
  readonly status: number;
  readonly title: string;
  /** By field, what is wrong with it; empty when the refusal is not about fields. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The same as a list, with the value of a field that is not known. */
  readonly errors: readonly FieldProblem[];
  readonly entityType: string | undefined;
  /** A word beside the code, such as `TENANT_SUSPENDED`. */
  readonly reason: string | undefined;
  /** What the server's log knows the request by. */
  readonly requestId: string | undefined;
  readonly operationId: string;
  /** How often the request was sent. */
  readonly attempts: number;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = details.code;
    this.status = details.status;
    this.title = details.title;
    this.fields = details.fields ?? {};
    this.errors = details.errors ?? [];
    this.entityType = details.entityType;
    this.reason = details.reason;
    this.requestId = details.requestId;
    this.operationId = details.operationId;
    this.attempts = details.attempts;
  }
}

/** Whether an error is one of these codes: `if (isRefusal(error, '0018', '0167')) …`. Any refusal when none is named. */
export function isRefusal(error: unknown, ...codes: readonly string[]): error is CofferdamError {
  return error instanceof CofferdamError && (codes.length === 0 || codes.includes(error.code));
}
