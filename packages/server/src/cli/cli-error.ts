import { OperatorError } from '../postgres/operator-error.js';

/** A failure that is fully told by its sentence: no stack is shown. */
export class CliError extends OperatorError {
  override readonly name = 'CliError';
}
