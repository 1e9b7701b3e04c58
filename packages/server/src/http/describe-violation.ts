import { isLosslessNumber } from 'lossless-json';
import type { BodyProblem } from './body-keywords.js';

/** From the body's root to a member: names, and indexes as digits. */
export type Path = readonly string[];

/** Where the fault is; for a missing or unknown member, where that member is or would be. */
export function placeOf({ instancePath, params, keyword }: BodyProblem): Path {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keyword === 'required') path.push(params['missingProperty'] as string);
  if (keyword === 'additionalProperties') path.push(params['additionalProperty'] as string);
  return path;
}

/** `send.source.from[0].amount` */
export function dotted(path: Path): string {
  return path.reduce((text, step) => (isIndex(step) ? `${text}[${step}]` : text ? `${text}.${step}` : step), '');
}

/** The last name on a path: what the contract calls the field (ledger-api §3.1, "Name in error"). */
export function leafOf(path: Path): string {
  return path.findLast((step) => !isIndex(step)) ?? 'body';
}

export function isIndex(step: string): boolean {
  return /^\d+$/.test(step);
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return isLosslessNumber(value) ? 'number' : typeof value;
}

/** What follows the field's name, in the contract's words (ledger-api §11.1, "Validation texts"). */
export function describeViolation(error: BodyProblem): string {
  const { params, keyword } = error;
  if (params['nul'] === true) return 'must not contain the null character';
  const custom = params['message'] ?? (error.parentSchema as Record<string, unknown> | undefined)?.['x-message'];
  if (typeof custom === 'string' && keyword !== 'maxLength') return custom;
  const limit = params['limit'];
  switch (keyword) {
    case 'maxLength':
      return `must be a maximum of ${limit} characters in length`;
    case 'minLength':
      return `must be at least ${limit} characters in length`;
    case 'minimum':
      return `must be ${limit} or greater`;
    case 'maximum':
      return `must be ${limit} or less`;
    case 'exclusiveMinimum':
      return `must be greater than ${limit}`;
    case 'exclusiveMaximum':
      return `must be less than ${limit}`;
    case 'minItems':
      return `must contain at least ${limit} items`;
    case 'maxItems':
      return `must contain at most ${limit} items`;
    case 'enum':
      return `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`;
    default:
      return 'is invalid';
  }
}
