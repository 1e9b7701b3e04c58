/** A failure that is fully told by its sentence: no stack is shown. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
