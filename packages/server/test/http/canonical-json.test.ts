import fc from 'fast-check';
import { LosslessNumber } from 'lossless-json';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/http/canonical-json.js';
import { parseJson, stringifyJson } from '../../src/http/json.js';

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).reverse();
  return Object.fromEntries(members.map(([name, member]) => [name, reversed(member)]));
};

test('the same value gives the same text in whatever order its members stand, and the text is JSON of it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('exact numbers keep their digits, undefined members are left out', () => {
  const value = { z: 1n, a: new LosslessNumber('0.10'), u: undefined, list: [undefined, { b: 'é"', a: null }] };
  expect(canonicalJson(value)).toBe('{"a":0.10,"list":[null,{"a":null,"b":"é\\""}],"z":1}');
});

test('an answer with a member named like the exact number’s mark is written as it is', () => {
  const text = '{"a":{"isLosslessNumber":true,"value":"1"},"b":0.50}';
  expect(stringifyJson(parseJson(text))).toBe(text);
});
