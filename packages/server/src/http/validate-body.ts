import { type FieldProblem, LedgerError } from '@cofferdam/core';
import type { TSchema } from 'typebox';
import { BodyFindings, type BodyProblem } from './body-findings.js';
import type { JsonSchema } from './check.js';
import { compileCheck } from './compile-check.js';
import { dotted, leafOf } from './describe-path.js';
import { listUnknownFields } from './unknown-fields.js';

const maxFreeFormDepth = 10;
const maxFreeFormKeys = 100;

/**
 * Makes the check of one route's body, once, at registration. The check answers the body in the form that handlers
 * expect (see `schemas.ts`; the same object, changed in place) or throws the refusal that comes first in the order of
 * ledger-api §3.1: type mismatch 0094, U+0000 0047, nesting 0144, key count 0145, unknown members 0053, `x-error`
 * refusals, missing members 0009, other rules 0047, the country of an address 0032.
 */
export function compileBody(schema: TSchema): (body: unknown) => unknown {
  const check = compileCheck(schema as JsonSchema);
  return (body) => {
    if (body === undefined) {
      throw new LedgerError('unmarshalling', { detail: 'A JSON object is expected as the request body.' });
    }
    const findings = new BodyFindings();
    const checked = check(body, findings);
    if (findings.faulty) throw firstRefusal(findings);
    refuseOversize(findings);
    return checked;
  };
}

function firstRefusal(findings: BodyFindings): LedgerError {
  const { mismatch, nul, unknown, special, missing, rules, late } = findings;
  if (mismatch) return typeMismatch(mismatch);
  if (nul.length > 0) return fieldRules(nul);
  refuseOversize(findings);
  if (unknown.length > 0) return unknownFields(unknown);
  if (special) return namedRefusal(special);
  if (missing.length > 0) return missingFields(missing);
  if (rules.length > 0 || !late) return fieldRules(rules);
  return namedRefusal(late);
}

function typeMismatch({ path, message }: BodyProblem): LedgerError {
  const subject = path.length === 0 ? 'the request body' : `field "${dotted(path)}"`;
  return new LedgerError('unmarshalling', { detail: `${subject}: ${message}.` });
}

function namedRefusal(problem: BodyProblem): LedgerError {
  return new LedgerError(problem.error ?? 'bad_request', { detail: `${wording(problem)}.` });
}

function unknownFields(problems: readonly BodyProblem[]): LedgerError {
  const names = problems.map(({ path }) => dotted(path)).join(', ');
  return new LedgerError('unexpected_fields_in_the_request', {
    detail: `The request contains fields that this operation does not know: ${names}. Remove them.`,
    errors: listUnknownFields(problems),
  });
}

function missingFields(problems: readonly BodyProblem[]): LedgerError {
  const names = problems.map(({ path }) => dotted(path)).join(', ');
  return new LedgerError('missing_fields_in_request', {
    detail: `The request lacks one or more required fields: ${names}.`,
    errors: problems.map(fieldProblem),
  });
}

function fieldRules(problems: readonly BodyProblem[]): LedgerError {
  return new LedgerError('bad_request', {
    detail: `The request has invalid fields: ${problems.map(wording).join('; ')}.`,
    errors: problems.map(fieldProblem),
  });
}

function fieldProblem(problem: BodyProblem): FieldProblem {
  return { location: leafOf(problem.path), message: wording(problem) };
}

function wording({ path, message }: BodyProblem): string {
  return `${dotted(path) || 'the body'} ${message}`;
}

function refuseOversize({ depth, keys }: BodyFindings): void {
  if (depth > maxFreeFormDepth) {
    throw new LedgerError('json_nesting_depth_exceeded', {
      detail: `Free-form maps may be nested at most ${maxFreeFormDepth} levels deep.`,
    });
  }
  if (keys > maxFreeFormKeys) {
    throw new LedgerError('json_key_count_exceeded', {
      detail: `All free-form maps of a request may hold at most ${maxFreeFormKeys} keys, this one has ${keys}.`,
    });
  }
}
