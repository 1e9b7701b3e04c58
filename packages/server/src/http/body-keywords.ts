import type { ErrorName } from '@cofferdam/core';
import type { Ajv, KeywordDefinition, SchemaValidateFunction } from 'ajv';
import { isLosslessNumber } from 'lossless-json';
import { countryCodes } from './countries.js';
import { plainLength } from './plain-number.js';

/** What one check of a body gathers: the `this` of the keyword functions below. */
export interface BodyFindings {
  /** Over all free-form maps. */
  keys: number;
  depth: number;
  /** Faults found by our own keywords. Given to Ajv it would copy its list of errors for each: seconds for 20,000 legs. */
  readonly problems: BodyProblem[];
}

/** An error in Ajv's form, as far as it is used. */
export interface BodyProblem {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
  readonly parentSchema?: object;
}

/** Params of the errors that our keywords report. */
export interface KeywordProblem {
  readonly error?: ErrorName;
  readonly message?: string;
  /** Reported only when the body has no other fault: a rule of business rather than of form. */
  readonly late?: true;
  readonly nul?: true;
}

/** Where the value hangs, so that a keyword can put another one in its place. */
interface Place {
  readonly instancePath: string;
  parentData: Record<string | number, unknown>;
  parentDataProperty: string | number;
}

type Check = (
  this: BodyFindings,
  setting: unknown,
  data: unknown,
  schema: Readonly<Record<string, unknown>>,
  at: Place,
) => KeywordProblem | undefined;

/** Adds the keywords of `schemas.ts` and `prepare-schema.ts`. Each lets values pass that are not its concern. */
export function addBodyKeywords(ajv: Ajv): void {
  ajv.addKeyword(keyword('x-plain', plain));
  ajv.addKeyword(keyword('x-empty', text));
  ajv.addKeyword({ ...keyword('x-decimal', decimal), modifying: true });
  ajv.addKeyword({ ...keyword('x-status', status), modifying: true });
  ajv.addKeyword(keyword('x-free-form', freeForm));
  ajv.addKeyword(keyword('x-metadata', metadata));
  ajv.addKeyword(keyword('x-address', address));
  ajv.addKeyword(keyword('x-exactly-one', exactlyOne));
}

function keyword(name: string, check: Check): KeywordDefinition {
  const validate: SchemaValidateFunction = function (this: BodyFindings, setting, data, parentSchema = {}, at) {
    const place = at as unknown as Place;
    const params = check.call(this, setting, data, parentSchema, place);
    if (params) {
      this.problems.push({
        keyword: name,
        instancePath: place.instancePath,
        params: { ...params },
        data,
        parentSchema,
      });
    }
    return true;
  };
  return { keyword: name, errors: false, validate };
}

const wrong: KeywordProblem = {};

/** To Ajv an exact number is an object. */
const plain: Check = (_setting, data) => (isLosslessNumber(data) ? wrong : undefined);

/** An empty string is no value where null is none; PostgreSQL cannot store U+0000. */
const text: Check = (_setting, data, schema) => {
  if (typeof data !== 'string') return undefined;
  if (data === '') return schema['x-nullable'] === true ? undefined : wrong;
  return data.includes('\0') ? { nul: true } : undefined;
};

const decimalPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Replaces the value by its source digits. How many digits are too many is for `core` to say. */
const decimal: Check = (setting, data, schema, at) => {
  if (typeof data === 'string') {
    if (setting !== 'any') return wrong;
    if (data === '') return schema['x-nullable'] === true ? wrong : undefined;
    return decimalPattern.test(data) ? undefined : wrong;
  }
  if (data === null) return schema['x-nullable'] === true ? undefined : wrong;
  if (typeof data !== 'number' && !isLosslessNumber(data)) return wrong;
  at.parentData[at.parentDataProperty] = String(data instanceof Object ? data.value : data);
  return undefined;
};

const status: Check = (_setting, data, _schema, at) => {
  if (typeof data === 'string' && data !== '') at.parentData[at.parentDataProperty] = { code: data };
  return undefined;
};

const freeForm: Check = function (_setting, data) {
  return isContainer(data) && measure(data, 1, this) ? { nul: true } : undefined;
};

/** Counts keys and depth; answers whether any text holds U+0000. Recursion is bounded by the parser. */
function measure(map: object, depth: number, count: BodyFindings): boolean {
  if (depth > count.depth) count.depth = depth;
  const isList = Array.isArray(map);
  let nul = false;
  // Parsed JSON has no inherited members, and `for in` makes no list of them: this runs for every posting.
  for (const key in map) {
    if (!isList) count.keys++;
    const value = (map as Record<string, unknown>)[key];
    if (key.includes('\0')) nul = true;
    if (typeof value === 'string') nul ||= value.includes('\0');
    else if (isContainer(value)) nul = measure(value, depth + 1, count) || nul;
  }
  return nul;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isLosslessNumber(value);
}

const metadata: Check = (mode, data) => {
  if (!isContainer(data) || Array.isArray(data)) return undefined;
  for (const key in data) {
    const value = (data as Record<string, unknown>)[key];
    if (longerThan(key, 100)) {
      return { error: 'metadata_key_length_exceeded', message: 'keys must be at most 100 bytes long' };
    }
    if (value === null) {
      if (mode === 'patch') continue;
      return { error: 'invalid_metadata_nesting', message: `value of "${key}" must not be null` };
    }
    if (Array.isArray(value)) {
      return { error: 'metadata_value_length_exceeded', message: `value of "${key}" must not be an array` };
    }
    if (isContainer(value)) {
      return { error: 'invalid_metadata_nesting', message: `value of "${key}" must be a string, number or boolean` };
    }
    // An exponent is short as text, but the database writes it out, and refuses what is too long.
    const digits = isLosslessNumber(value) ? plainLength(value.value) : 0;
    if (typeof value !== 'boolean' && (digits > 2000 || longerThan(String(value), 2000))) {
      return { error: 'metadata_value_length_exceeded', message: `value of "${key}" must be at most 2000 bytes long` };
    }
  }
  return undefined;
};

function longerThan(value: string, bytes: number): boolean {
  // Most values are far below the limit: three bytes is the most that one UTF-16 unit takes.
  return value.length * 3 > bytes && Buffer.byteLength(value) > bytes;
}

const address: Check = (_setting, data) => {
  if (!isContainer(data) || Array.isArray(data)) return undefined;
  const members = data as Record<string, unknown>;
  if (Object.values(members).every((value) => value === null || value === '')) return undefined;
  if (typeof members['country'] === 'string' && countryCodes.has(members['country'])) return undefined;
  return {
    error: 'invalid_country_code',
    late: true,
    message: 'needs a "country" that is an upper-case ISO 3166-1 alpha-2 code, such as "BR"',
  };
};

const exactlyOne: Check = (names, data, schema) => {
  if (!isContainer(data)) return undefined;
  const members = data as Record<string, unknown>;
  const given = (names as string[]).filter((name) => members[name] != null && members[name] !== '');
  if (given.length === 1) return undefined;
  const error = schema['x-error'] as ErrorName | undefined;
  return { ...(error && { error }), message: `must have exactly one of ${(names as string[]).join(', ')}` };
};
