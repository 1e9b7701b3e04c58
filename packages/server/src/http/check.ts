import type { ErrorName } from '@cofferdam/core';
import type { BodyFindings } from './body-findings.js';

/** A JSON Schema object as it lies in memory. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Checks one value and answers what the handler is to see in its place: mostly the value itself, `absent` when it
 * counts as not given. Faults go into the findings.
 */
export type Check = (value: unknown, findings: BodyFindings) => unknown;

/** The answer for null or an empty string where that is no value: whoever holds the member removes it. */
export const absent: unique symbol = Symbol('absent');

/** How a broken rule of this schema is reported: under its own refusal when it names one. */
export function ruleReporter(schema: JsonSchema): (findings: BodyFindings, message: string) => void {
  const error = schema['x-error'] as ErrorName | undefined;
  return (findings, message) => {
    if (error === undefined) findings.list('rules', message);
    else findings.single('special', message, error);
  };
}
