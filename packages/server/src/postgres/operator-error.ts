/** A failure that an operator can mend and that its sentence tells whole: shown without a stack. */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError';
}
