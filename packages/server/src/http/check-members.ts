import { isLosslessNumber } from 'lossless-json';
import type { BodyFindings } from './body-findings.js';
import { absent, type Check, type JsonSchema } from './check.js';

export type MemberChecks = (object: Record<string, unknown>, findings: BodyFindings) => void;

/**
 * The check of an object's members: unknown ones, missing ones, and each by its own schema. Members that count as
 * absent are removed. Undefined for a free-form map.
 * @throws Error at start for an object that admits members which nobody named
 */
export function compileMembers(
  schema: JsonSchema,
  where: string,
  compile: (schema: JsonSchema, where: string) => Check,
): MemberChecks | undefined {
  const properties = schema['properties'] as Record<string, JsonSchema> | undefined;
  if (properties === undefined) {
    if (schema['x-free-form'] === true) return undefined;
    throw new Error(`${where}: an object needs properties or "x-free-form"`);
  }
  if (schema['additionalProperties'] !== false) throw new Error(`${where}: "additionalProperties" must be false`);
  const checks = new Map(
    Object.entries(properties).map(([name, member]) => [name, compile(member, `${where}.${name}`)] as const),
  );
  const required = (schema['required'] ?? []) as readonly string[];
  return (object, findings) => {
    // Parsed JSON has no inherited members; members that are deleted on the way do no harm to `for in`.
    for (const name in object) checkMember(object, name, checks.get(name), findings);
    for (const name of required) {
      if (!Object.hasOwn(object, name)) findings.list('missing', 'is a required field', name);
    }
  };
}

function checkMember(
  object: Record<string, unknown>,
  name: string,
  check: Check | undefined,
  findings: BodyFindings,
): void {
  const value = object[name];
  if (check === undefined) {
    if (isExemptWhenUnknown(value)) delete object[name];
    else findings.list('unknown', 'unexpected field', name, value);
    return;
  }
  findings.trail.push(name);
  const checked = check(value, findings);
  findings.trail.pop();
  if (checked === absent) delete object[name];
  else if (checked !== value) object[name] = checked;
}

/** Such members vanish when a body is decoded and encoded again, so the contract does not call them unknown (§3.1). */
function isExemptWhenUnknown(value: unknown): boolean {
  if (isLosslessNumber(value)) return /^-?[0.]+(?:[eE]|$)/.test(value.value);
  return value === null || value === false || value === 0;
}
