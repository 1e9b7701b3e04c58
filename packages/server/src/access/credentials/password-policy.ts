import { AccessError } from '../access-errors.js';

const lengthMin = 12;
/** Longer texts would only be work for the hash. */
const lengthMax = 256;

/** What a new password lacks, in words; empty when it may be used (contract, "Passwords"). */
export function passwordShortcomings(password: string): string[] {
  const lacks: string[] = [];
  const length = [...password].length;
  if (length < lengthMin) lacks.push(`at least ${lengthMin} characters`);
  if (length > lengthMax) lacks.push(`at most ${lengthMax} characters`);
  if (!/\p{Lu}/u.test(password)) lacks.push('an upper-case letter');
  if (!/\p{Ll}/u.test(password)) lacks.push('a lower-case letter');
  if (!/\p{Nd}/u.test(password)) lacks.push('a digit');
  if (!/[^\p{L}\p{N}\p{C}]/u.test(password)) lacks.push('a special character');
  return lacks;
}

/** What is wrong with a new password, in one sentence; undefined when it may be used. Never repeats the password. */
export function passwordPolicyProblem(password: string): string | undefined {
  const lacks = passwordShortcomings(password);
  return lacks.length === 0 ? undefined : `The password needs ${lacks.join(', ')}.`;
}

/** @throws AccessError IDE-0105 naming all that is missing. */
export function checkPasswordPolicy(password: string): void {
  const message = passwordPolicyProblem(password);
  if (message !== undefined) throw new AccessError('password_policy', { message });
}
