import type { ErrorName } from '@cofferdam/core';

/** From the body's root to a member: names, and indexes of lists as numbers. */
export type Path = readonly (string | number)[];

export interface BodyProblem {
  readonly path: Path;
  /** What follows the field's name in the text. */
  readonly message: string;
  /** The refusal that this fault leads to instead of 0047. */
  readonly error?: ErrorName;
  /** Of unknown members. */
  readonly value?: unknown;
}

/** How many faults of one kind are kept: a body of 1 MiB can have 100,000, an answer lists a hundred. */
const maxKept = 100;

/** What one check of a body gathers. Of refusals that show a single fault the first is kept. */
export class BodyFindings {
  /** Where the check is: pushed and popped, so that a body without faults builds no path. */
  readonly trail: (string | number)[] = [];
  /** Over all free-form maps. */
  keys = 0;
  depth = 0;

  faulty = false;
  mismatch: BodyProblem | undefined;
  special: BodyProblem | undefined;
  late: BodyProblem | undefined;
  nul: BodyProblem[] = none;
  unknown: BodyProblem[] = none;
  missing: BodyProblem[] = none;
  rules: BodyProblem[] = none;

  /** Adds to one of the lists. */
  list(kind: 'nul' | 'unknown' | 'missing' | 'rules', message: string, name?: string, value?: unknown): void {
    this.faulty = true;
    if (this[kind].length >= maxKept) return;
    const path = name === undefined ? [...this.trail] : [...this.trail, name];
    this[kind] = [...this[kind], { path, message, value }];
  }

  /** Keeps the first of its kind. */
  single(kind: 'mismatch' | 'special' | 'late', message: string, error?: ErrorName): void {
    this.faulty = true;
    this[kind] ??= { path: [...this.trail], message, ...(error && { error }) };
  }
}

const none: BodyProblem[] = [];
