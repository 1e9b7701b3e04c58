import type { BodyFindings } from './body-findings.js';
import { type JsonSchema, ruleReporter } from './check.js';

/** The rules on one text, in the contract's words (ledger-api §11.1, "Validation texts"); also no U+0000. */
export function compileTextRules(schema: JsonSchema): (text: string, findings: BodyFindings) => void {
  const own = compileRules(schema);
  const further = ((schema['allOf'] ?? []) as readonly JsonSchema[]).map(compileRules);
  return (text, findings) => {
    // PostgreSQL cannot store it.
    if (text.includes('\0')) findings.list('nul', 'must not contain the null character');
    own(text, findings);
    for (const check of further) check(text, findings);
  };
}

function compileRules(schema: JsonSchema): (text: string, findings: BodyFindings) => void {
  const { minLength, maxLength } = schema as Record<string, number | undefined>;
  const pattern = schema['pattern'] === undefined ? undefined : new RegExp(schema['pattern'] as string, 'u');
  const words = schema['enum'] as readonly unknown[] | undefined;
  const message = schema['x-message'] as string | undefined;
  const report = ruleReporter(schema);
  return (text, findings) => {
    if (maxLength !== undefined && text.length > maxLength && countCharacters(text) > maxLength) {
      report(findings, `must be a maximum of ${maxLength} characters in length`);
    }
    if (minLength !== undefined && countCharacters(text) < minLength) {
      report(findings, `must be at least ${minLength} characters in length`);
    }
    if (pattern !== undefined && !pattern.test(text)) report(findings, message ?? 'is invalid');
    if (words !== undefined && !words.includes(text)) report(findings, message ?? `must be one of ${words.join(', ')}`);
  };
}

/** Code points, not UTF-16 units. */
function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
