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

/** @throws AccessError IDE-0105 naming all that is missing, never the password. */
export function checkPasswordPolicy(password: string): void {
  const lacks = passwordShortcomings(password);
  if (lacks.length === 0) return;
  throw new AccessError('password_policy', { message: `The password needs ${lacks.join(', ')}.` });
}
