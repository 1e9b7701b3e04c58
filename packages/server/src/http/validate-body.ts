import { type FieldProblem, LedgerError } from '@cofferdam/core';
import { Ajv, type ErrorObject } from 'ajv';
import type { TSchema } from 'typebox';
import { addBodyKeywords, type BodyCount, type KeywordProblem } from './body-keywords.js';
import { describeViolation, dotted, kindOf, leafOf, type Path, pathOf } from './describe-violation.js';
import { type JsonSchema, prepareSchema } from './prepare-schema.js';
import { mergeUnknown, nestUnknown, type UnknownMember } from './unknown-fields.js';

const maxFreeFormDepth = 10;
const maxFreeFormKeys = 100;

/**
 * Makes the check of one route's body, once, at registration. The check answers the body in the form that handlers
 * expect (see `schemas.ts`; the same object, changed in place) or throws the refusal that comes first in the order of
 * ledger-api §3.1: type mismatch 0094, U+0000 0047, nesting 0144, key count 0145, unknown members 0053, `x-error`
 * refusals, missing members 0009, other rules 0047.
 */
export function compileBody(schema: TSchema): (body: unknown) => unknown {
  // `verbose` puts value and schema into each error, `passContext` hands the counters to the keywords as `this`.
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
    if (body === undefined)
      throw new LedgerError('unmarshalling', { detail: 'a JSON object is expected as the request body' });
    const count: BodyCount = { keys: 0, depth: 0 };
    const valid = validate.call(count, body);
    if (valid) {
      refuseOversize(count);
      return body;
    }
    const found = classify(validate.errors ?? []);
    if (found.mismatch) throw found.mismatch;
    if (found.nul.length > 0) throw fieldRules(found.nul);
    refuseOversize(count);
    if (found.unknown.length > 0) throw unknownFields(found.unknown);
    if (found.special) throw found.special;
    if (found.missing.length > 0) throw missingFields(found.missing);
    if (found.rules.length > 0) throw fieldRules(found.rules);
    for (const path of found.absent) removeMember(body, path);
    return body;
  };
}

interface Findings {
  mismatch: LedgerError | undefined;
  special: LedgerError | undefined;
  readonly nul: FieldProblem[];
  readonly unknown: UnknownMember[];
  readonly missing: FieldProblem[];
  readonly rules: FieldProblem[];
  /** Members that count as not given: null or empty where that is no value, unknown ones that are null, false or 0. */
  readonly absent: Path[];
}

function classify(errors: readonly ErrorObject[]): Findings {
  const found: Findings = {
    mismatch: undefined,
    special: undefined,
    nul: [],
    unknown: [],
    missing: [],
    rules: [],
    absent: [],
  };
  const withoutValue = new Set(errors.filter(saysNoValue).map((error) => error.instancePath));
  for (const error of errors) {
    if (!withoutValue.has(error.instancePath)) sort(error, found);
    else if (saysNoValue(error)) sortAbsent(error, withoutValue, found);
  }
  return found;
}

/** Null where null is not admitted, or an empty string where that counts as nothing: only members, not list items. */
function saysNoValue(error: ErrorObject): boolean {
  const isEmpty = error.data === '' && error.keyword === 'x-empty';
  const isNull = error.data === null && (error.keyword === 'type' || error.keyword === 'x-decimal');
  return (isEmpty || isNull) && error.instancePath !== '' && !/\/\d+$/.test(error.instancePath);
}

function sortAbsent(error: ErrorObject, withoutValue: Set<string>, found: Findings): void {
  const path = pathOf(error.instancePath);
  withoutValue.add(error.instancePath);
  if (schemaOf(error)['x-required'] === true) found.missing.push(required(path));
  else found.absent.push(path);
}

function sort(error: ErrorObject, found: Findings): void {
  const path = pathOf(error.instancePath);
  const schema = schemaOf(error);
  const problem = error.params as KeywordProblem;
  switch (error.keyword) {
    case 'type':
    case 'x-plain':
    case 'x-decimal':
      found.mismatch ??= typeMismatch(path, schema, error.data);
      return;
    case 'required':
      found.missing.push(required([...path, error.params['missingProperty'] as string]));
      return;
    case 'additionalProperties': {
      const name = error.params['additionalProperty'] as string;
      const value = (error.data as Record<string, unknown>)[name];
      if (isExemptWhenUnknown(value)) found.absent.push([...path, name]);
      else found.unknown.push(nestUnknown([...path, name], value));
      return;
    }
    default:
      sortRule(path, error, schema, problem, found);
  }
}

function sortRule(path: Path, error: ErrorObject, schema: JsonSchema, problem: KeywordProblem, found: Findings): void {
  const field: FieldProblem = {
    location: leafOf(path),
    message: `${dotted(path)} ${problem.nul ? 'must not contain the null character' : describeViolation(error)}`,
  };
  const special = (problem.error ?? schema['x-error']) as LedgerError['reasonName'] | undefined;
  if (problem.nul) found.nul.push(field);
  else if (special !== undefined) found.special ??= new LedgerError(special, { detail: `${field.message}.` });
  else found.rules.push(field);
}

function schemaOf(error: ErrorObject): JsonSchema {
  return (error.parentSchema ?? {}) as JsonSchema;
}

/** Such members vanish when the body is decoded and encoded again, so the contract does not call them unknown (§3.1). */
function isExemptWhenUnknown(value: unknown): boolean {
  return value === null || value === false || (typeof value !== 'string' && Number(value) === 0 && !isContainer(value));
}

function isContainer(value: unknown): boolean {
  const kind = kindOf(value);
  return kind === 'array' || kind === 'object';
}

function removeMember(body: unknown, path: Path): void {
  let at = body as Record<string, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string, unknown>;
  delete at[path.at(-1) as string];
}

function required(path: Path): FieldProblem {
  return { location: leafOf(path), message: `${dotted(path)} is a required field` };
}

function typeMismatch(path: Path, schema: JsonSchema, value: unknown): LedgerError {
  const expected = 'x-decimal' in schema ? 'decimal number' : [schema['type'] ?? 'value'].flat().join(' or ');
  const subject = path.length === 0 ? 'the request body' : `field "${dotted(path)}"`;
  const received = kindOf(value);
  const what =
    typeof value === 'string' && expected === 'decimal number' ? 'string that is no decimal number' : received;
  return new LedgerError('unmarshalling', { detail: `${subject}: expected ${expected}, received ${what}.` });
}

function unknownFields(unknown: readonly UnknownMember[]): LedgerError {
  const errors = mergeUnknown(unknown).map(([location, value]) => ({ location, message: 'unexpected field', value }));
  const names = unknown.map((member) => dotted(member.path)).join(', ');
  return new LedgerError('unexpected_fields_in_the_request', {
    detail: `The request contains fields that this operation does not know: ${names}. Remove them.`,
    errors,
  });
}

function missingFields(errors: readonly FieldProblem[]): LedgerError {
  const names = errors.map((error) => error.message.replace(/ is a required field$/, '')).join(', ');
  return new LedgerError('missing_fields_in_request', {
    detail: `The request lacks one or more required fields: ${names}.`,
    errors,
  });
}

function fieldRules(errors: readonly FieldProblem[]): LedgerError {
  return new LedgerError('bad_request', {
    detail: `The request has invalid fields: ${errors.map((error) => error.message).join('; ')}.`,
    errors,
  });
}

function refuseOversize(count: BodyCount): void {
  if (count.depth > maxFreeFormDepth) {
    throw new LedgerError('json_nesting_depth_exceeded', {
      detail: `Free-form maps may be nested at most ${maxFreeFormDepth} levels deep.`,
    });
  }
  if (count.keys > maxFreeFormKeys) {
    throw new LedgerError('json_key_count_exceeded', {
      detail: `All free-form maps of a request may hold at most ${maxFreeFormKeys} keys, this one has ${count.keys}.`,
    });
  }
}
