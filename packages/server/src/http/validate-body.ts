import { type FieldProblem, LedgerError } from '@cofferdam/core';
import { Ajv } from 'ajv';
import type { TSchema } from 'typebox';
import { addBodyKeywords, type BodyFindings, type BodyProblem } from './body-keywords.js';
import { classifyProblems, refusalOf, schemaOf } from './classify-problems.js';
import { describeViolation, dotted, kindOf, leafOf, type Path, placeOf } from './describe-violation.js';
import { type JsonSchema, prepareSchema } from './prepare-schema.js';
import { mergeUnknown, nestUnknown } from './unknown-fields.js';

const maxFreeFormDepth = 10;
const maxFreeFormKeys = 100;
/** How many faults of one kind an answer lists. */
const maxListed = 100;

/**
 * Makes the check of one route's body, once, at registration. The check answers the body in the form that handlers
 * expect (see `schemas.ts`; the same object, changed in place) or throws the refusal that comes first in the order of
 * ledger-api §3.1: type mismatch 0094, U+0000 0047, nesting 0144, key count 0145, unknown members 0053, `x-error`
 * refusals, missing members 0009, other rules 0047, the country of an address 0032.
 */
export function compileBody(schema: TSchema): (body: unknown) => unknown {
  // `verbose` puts value and schema into each error, `passContext` hands the findings to the keywords as `this`.
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    passContext: true,
    strict: false,
    meta: false,
    validateSchema: false,
    validateFormats: false,
  });
  addBodyKeywords(ajv);
  const validate = ajv.compile(prepareSchema(schema as JsonSchema));
  return (body) => {
    if (body === undefined) {
      throw new LedgerError('unmarshalling', { detail: 'a JSON object is expected as the request body' });
    }
    const findings: BodyFindings = { keys: 0, depth: 0, problems: [] };
    if (validate.call(findings, body) && findings.problems.length === 0) {
      refuseOversize(findings);
      return body;
    }
    return refuseOrMend(body, [...((validate.errors ?? []) as readonly BodyProblem[]), ...findings.problems], findings);
  };
}

/** Throws the first refusal in the contract's order; when nothing is wrong, removes the members that count as absent. */
function refuseOrMend(body: unknown, problems: readonly BodyProblem[], findings: BodyFindings): unknown {
  const { mismatch, nul, unknown, special, missing, rules, late, absent } = classifyProblems(problems);
  if (mismatch) throw typeMismatch(mismatch);
  if (nul.length > 0) throw fieldRules(nul);
  refuseOversize(findings);
  if (unknown.length > 0) throw unknownFields(unknown);
  if (special) throw namedRefusal(special);
  if (missing.length > 0) throw missingFields(missing);
  if (rules.length > 0) throw fieldRules(rules);
  if (late) throw namedRefusal(late);
  for (const problem of absent) removeMember(body, placeOf(problem));
  return body;
}

function removeMember(body: unknown, path: Path): void {
  let at = body as Record<string, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string, unknown>;
  delete at[path.at(-1) as string];
}

function typeMismatch(problem: BodyProblem): LedgerError {
  const path = placeOf(problem);
  const schema = schemaOf(problem);
  const { data } = problem;
  const isDecimal = 'x-decimal' in schema;
  const expected = isDecimal ? 'decimal number' : [schema['type'] ?? 'value'].flat().join(' or ');
  const received = isDecimal && typeof data === 'string' ? 'string that is no decimal number' : kindOf(data);
  const subject = path.length === 0 ? 'the request body' : `field "${dotted(path)}"`;
  return new LedgerError('unmarshalling', { detail: `${subject}: expected ${expected}, received ${received}.` });
}

function namedRefusal(problem: BodyProblem): LedgerError {
  return new LedgerError(refusalOf(problem) ?? 'bad_request', {
    detail: `${dotted(placeOf(problem))} ${describeViolation(problem)}.`,
  });
}

function unknownFields(problems: readonly BodyProblem[]): LedgerError {
  const members = problems.slice(0, maxListed).map((problem) => {
    const name = problem.params['additionalProperty'] as string;
    return nestUnknown(placeOf(problem), (problem.data as Record<string, unknown>)[name]);
  });
  const names = members.map((member) => dotted(member.path)).join(', ');
  return new LedgerError('unexpected_fields_in_the_request', {
    detail: `The request contains fields that this operation does not know: ${names}. Remove them.`,
    errors: mergeUnknown(members).map(([location, value]) => ({ location, message: 'unexpected field', value })),
  });
}

function missingFields(problems: readonly BodyProblem[]): LedgerError {
  const paths = problems.slice(0, maxListed).map(placeOf);
  return new LedgerError('missing_fields_in_request', {
    detail: `The request lacks one or more required fields: ${paths.map(dotted).join(', ')}.`,
    errors: paths.map((path) => ({ location: leafOf(path), message: `${dotted(path)} is a required field` })),
  });
}

function fieldRules(problems: readonly BodyProblem[]): LedgerError {
  const errors = problems.slice(0, maxListed).map((problem): FieldProblem => {
    const path = placeOf(problem);
    return { location: leafOf(path), message: `${dotted(path)} ${describeViolation(problem)}` };
  });
  return new LedgerError('bad_request', {
    detail: `The request has invalid fields: ${errors.map((error) => error.message).join('; ')}.`,
    errors,
  });
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
