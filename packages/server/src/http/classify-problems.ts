import type { ErrorName } from '@cofferdam/core';
import { isLosslessNumber } from 'lossless-json';
import type { BodyProblem, KeywordProblem } from './body-keywords.js';

/**
 * The faults of one body by the refusal they lead to. Of single refusals only the first fault is kept. Nothing is
 * worded here: a body of 1 MiB can have 100,000 faults, and an answer shows a hundred.
 */
export interface SortedProblems {
  mismatch: BodyProblem | undefined;
  special: BodyProblem | undefined;
  late: BodyProblem | undefined;
  readonly nul: BodyProblem[];
  readonly unknown: BodyProblem[];
  readonly missing: BodyProblem[];
  readonly rules: BodyProblem[];
  /** Members that count as not given: null or empty where that is no value, unknown ones that are null, false or 0. */
  readonly absent: BodyProblem[];
}

export function classifyProblems(problems: readonly BodyProblem[]): SortedProblems {
  const sorted: SortedProblems = {
    mismatch: undefined,
    special: undefined,
    late: undefined,
    nul: [],
    unknown: [],
    missing: [],
    rules: [],
    absent: [],
  };
  const withoutValue = new Map<string, BodyProblem>();
  for (const problem of problems) if (saysNoValue(problem)) withoutValue.set(problem.instancePath, problem);
  for (const problem of withoutValue.values()) {
    (schemaOf(problem)['x-required'] === true ? sorted.missing : sorted.absent).push(problem);
  }
  for (const problem of problems) {
    if (withoutValue.size === 0 || !withoutValue.has(problem.instancePath)) sort(problem, sorted);
  }
  return sorted;
}

/** The refusal that a fault names instead of 0047. */
export function refusalOf(problem: BodyProblem): ErrorName | undefined {
  return (problem.params as KeywordProblem).error ?? (schemaOf(problem)['x-error'] as ErrorName | undefined);
}

export function schemaOf(problem: BodyProblem): Readonly<Record<string, unknown>> {
  return (problem.parentSchema ?? {}) as Readonly<Record<string, unknown>>;
}

/** Null where null is not admitted, or an empty string where that counts as nothing: only members, not list items. */
function saysNoValue({ data, keyword, instancePath }: BodyProblem): boolean {
  const isEmpty = data === '' && keyword === 'x-empty';
  const isNull = data === null && (keyword === 'type' || keyword === 'x-decimal');
  return (isEmpty || isNull) && instancePath !== '' && !/\/\d+$/.test(instancePath);
}

function sort(problem: BodyProblem, sorted: SortedProblems): void {
  switch (problem.keyword) {
    case 'type':
    case 'x-plain':
    case 'x-decimal':
      sorted.mismatch ??= problem;
      return;
    case 'required':
      sorted.missing.push(problem);
      return;
    case 'additionalProperties': {
      const name = problem.params['additionalProperty'] as string;
      const value = (problem.data as Record<string, unknown>)[name];
      (isExemptWhenUnknown(value) ? sorted.absent : sorted.unknown).push(problem);
      return;
    }
  }
  const { nul, late } = problem.params as KeywordProblem;
  if (nul) sorted.nul.push(problem);
  else if (refusalOf(problem) === undefined) sorted.rules.push(problem);
  else sorted[late ? 'late' : 'special'] ??= problem;
}

/** Such members vanish when a body is decoded and encoded again, so the contract does not call them unknown (§3.1). */
function isExemptWhenUnknown(value: unknown): boolean {
  if (isLosslessNumber(value)) return /^-?[0.]+(?:[eE]|$)/.test(value.value);
  return value === null || value === false || value === 0;
}
