import { LedgerError } from '@cofferdam/core';

/** Both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is written does not follow the grammar (0048). */
export function malformed(at: Position, problem: string): LedgerError {
  return refusal('invalid_dsl_file_format', at, problem);
}

/** What is written follows the grammar and means nothing (0017). */
export function meaningless(at: Position, problem: string): LedgerError {
  return refusal('invalid_script_format', at, problem);
}

function refusal(
  name: 'invalid_dsl_file_format' | 'invalid_script_format',
  { line, column }: Position,
  problem: string,
): LedgerError {
  const location = `line ${line}, column ${column}`;
  return new LedgerError(name, {
    entityType: 'Transaction',
    detail: `The DSL file cannot be read at ${location}: ${problem}.`,
    errors: [{ location, message: problem }],
  });
}
