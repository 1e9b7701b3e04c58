import { LedgerError } from '@cofferdam/core';
import { type TSchema, Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/http/json.js';
import {
  AddressInput,
  AllOf,
  DecimalInput,
  DecimalNumber,
  Deferred,
  FreeForm,
  Metadata,
  MetadataPatch,
  Nullable,
  OneOf,
  StatusInput,
  Text,
  Uuid,
} from '../../src/http/schemas.js';
import { compileBody } from '../../src/http/validate-body.js';

function strict(properties: Record<string, TSchema>): TSchema {
  return Type.Object(properties, { additionalProperties: false });
}

const leg = Type.Unsafe<unknown>({
  ...strict({
    amount: Type.Optional(DecimalInput()),
    share: Type.Optional(Type.Integer()),
    note: Type.Optional(Nullable(Text(5))),
  }),
  'x-exactly-one': ['amount', 'share'],
  'x-error': 'invalid_transaction_type',
});

const schema = strict({
  name: Text(10),
  code: Type.Optional(Text(5)),
  note: Type.Optional(Nullable(Text(5))),
  parentId: Type.Optional(Nullable(Uuid())),
  alias: Type.Optional(
    Nullable(
      AllOf(Text(20), [
        { pattern: '^[a-zA-Z0-9@:_/-]+$', 'x-error': 'invalid_account_alias', 'x-message': 'has invalid characters' },
        { pattern: '^(?!.*@external/)', 'x-message': "cannot contain the text '@external/'" },
      ]),
    ),
  ),
  kind: Type.Optional(OneOf(['credit', 'debit'])),
  value: Type.Optional(DecimalInput()),
  rate: Type.Optional(DecimalNumber()),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
  flag: Type.Optional(Type.Boolean()),
  status: Type.Optional(StatusInput()),
  address: Type.Optional(AddressInput()),
  metadata: Type.Optional(Metadata()),
  patch: Type.Optional(MetadataPatch()),
  settings: Type.Optional(FreeForm()),
  inner: Type.Optional(strict({ a: Text(5), legs: Type.Optional(Type.Array(leg)) })),
});

const check = compileBody(schema);

/** What the body becomes, or the code and what the client is told. */
function outcome(text: string, checkBody = check): unknown {
  try {
    return checkBody(parseJson(text));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { code: error.code, detail: error.info.detail, errors: error.info.errors };
  }
}

function codeOf(text: string): unknown {
  return (outcome(text) as { code?: unknown }).code;
}

function locations(text: string): unknown {
  return (outcome(text) as { errors?: { location: string }[] }).errors?.map((error) => error.location);
}

describe('the order of refusals (ledger-api §3.1)', () => {
  const faults: [code: string, member: string][] = [
    ['0094', '"flag":"yes"'],
    ['0047', '"note":"\\u0000"'],
    ['0144', `"settings":${'{"a":'.repeat(11)}1${'}'.repeat(11)}`],
    ['0145', `"settings":{${Array.from({ length: 101 }, (_, at) => `"k${at}":1`).join()}}`],
    ['0053', '"foo":1'],
    ['0096', '"alias":"a b"'],
    ['0009', ''],
    ['0047', '"code":"too long"'],
    ['0032', '"address":{"line1":"a"}'],
  ];

  it.each(faults.map(([code], at) => [at, code] as const))('fault %i (%s) comes before all later ones', (at, code) => {
    const settings = faults.slice(at).find(([, member]) => member.startsWith('"settings"'))?.[1];
    const members = faults
      .slice(at)
      .map(([, member]) => member)
      .filter((member) => member !== '' && (!member.startsWith('"settings"') || member === settings));
    // The required name is missing until that has been the first fault.
    if (at > faults.findIndex(([, member]) => member === '')) members.push('"name":"x"');
    expect(codeOf(`{${members.join()}}`)).toBe(code);
  });

  it('accepts a body without faults', () => {
    expect(outcome('{"name":"x"}')).toEqual({ name: 'x' });
  });
});

describe('type mismatch', () => {
  it.each([
    ['{"name":5}', 'field "name": expected string, received number.'],
    ['{"name":"x","inner":[]}', 'field "inner": expected object, received array.'],
    ['{"name":"x","inner":1.5}', 'field "inner": expected object, received number.'],
    [
      '{"name":"x","inner":{"a":"b","legs":[{"amount":true}]}}',
      'field "inner.legs[0].amount": expected decimal number, received boolean.',
    ],
    ['{"name":"x","inner":{"a":"b","legs":[null]}}', 'field "inner.legs[0]": expected object, received null.'],
    [
      '{"name":"x","value":"abc"}',
      'field "value": expected decimal number, received string that is no decimal number.',
    ],
    [
      '{"name":"x","value":"0x10"}',
      'field "value": expected decimal number, received string that is no decimal number.',
    ],
    ['{"name":"x","rate":"1.5"}', 'field "rate": expected decimal number, received string that is no decimal number.'],
    ['{"name":"x","count":1.5}', 'field "count": expected integer, received number.'],
    ['{"name":"x","metadata":[]}', 'field "metadata": expected object, received array.'],
    ['{"name":"x","status":5}', 'field "status": expected object or string, received number.'],
    ['[]', 'the request body: expected object, received array.'],
    ['null', 'the request body: expected object, received null.'],
    ['1.5', 'the request body: expected object, received number.'],
  ])('%s', (text, detail) => {
    expect(outcome(text)).toMatchObject({ code: '0094', detail });
  });

  it('does not convert', () => {
    expect(codeOf('{"name":"x","flag":"true"}')).toBe('0094');
    expect(codeOf('{"name":"x","count":"1"}')).toBe('0094');
  });

  it('names a missing body', () => {
    expect(() => check(undefined)).toThrow(expect.objectContaining({ code: '0094' }));
  });
});

describe('unknown members', () => {
  it('keep the shape in which they were sent, with their values', () => {
    expect(
      outcome(
        '{"name":"x","foo":[1.50],"inner":{"a":"b","bar":{"c":1},"baz":2,"legs":[{"amount":1,"q":3},{"share":1,"r":4}]}}',
      ),
    ).toMatchObject({
      code: '0053',
      errors: [
        { location: 'foo', message: 'unexpected field', value: [{ value: '1.50' }] },
        {
          location: 'inner',
          message: 'unexpected field',
          value: { bar: { c: 1 }, baz: 2, legs: [{ q: 3 }, { r: 4 }] },
        },
      ],
    });
  });

  it.each(['null', 'false', '0', '0.00', '-0', '0e5', '-0.0E-999'])('are dropped when they are %s', (value) => {
    expect(outcome(`{"name":"x","foo":${value},"inner":{"a":"b","bar":${value}}}`)).toEqual({
      name: 'x',
      inner: { a: 'b' },
    });
  });

  it.each(['""', '"0"', 'true', '1', '1e-999', '0.01', '{}', '[]', '[0]'])('are refused when they are %s', (value) => {
    expect(codeOf(`{"name":"x","foo":${value}}`)).toBe('0053');
  });

  it.each(['__proto__', 'constructor', 'toString'])('are refused when they are called %s', (name) => {
    expect(codeOf(`{"name":"x","${name}":{"a":1}}`)).toBe('0053');
  });

  it('come before missing ones', () => {
    expect(codeOf('{"foo":1}')).toBe('0053');
  });
});

describe('missing members', () => {
  it.each(['{}', '{"name":""}', '{"name":null}', '{"name":"","code":"too long"}'])('%s', (text) => {
    expect(outcome(text)).toMatchObject({
      code: '0009',
      errors: [{ location: 'name', message: 'name is a required field' }],
    });
  });

  it('are listed alone and by their leaf name, with the path in the text', () => {
    expect(outcome('{"code":"too long","inner":{}}')).toMatchObject({
      code: '0009',
      errors: [
        { location: 'a', message: 'inner.a is a required field' },
        { location: 'name', message: 'name is a required field' },
      ],
    });
  });
});

describe('members without a value', () => {
  it('count as absent when they admit no null', () => {
    expect(
      outcome(
        '{"name":"x","code":null,"kind":"","value":"","count":null,"inner":null,"status":"","metadata":null,"address":null}',
      ),
    ).toEqual({
      name: 'x',
    });
  });

  it('stay null when they admit null', () => {
    expect(outcome('{"name":"x","note":null,"parentId":null,"alias":null,"patch":null}')).toEqual({
      name: 'x',
      note: null,
      parentId: null,
      alias: null,
      patch: null,
    });
  });

  it('an empty string in a nullable member is a value', () => {
    expect(outcome('{"name":"x","note":""}')).toEqual({ name: 'x', note: '' });
    expect(locations('{"name":"x","parentId":""}')).toEqual(['parentId']);
    expect(codeOf('{"name":"x","alias":""}')).toBe('0096');
  });
});

describe('field rules', () => {
  it.each([
    ['"code":"123456"', 'code must be a maximum of 5 characters in length'],
    ['"parentId":"019C96A0-0000-7000-8000-000000000000"', 'parentId must be a valid UUID'],
    ['"parentId":"019c96a0000070008000000000000000"', 'parentId must be a valid UUID'],
    ['"kind":"CREDIT"', 'kind must be one of credit, debit'],
    ['"count":0', 'count must be 1 or greater'],
    ['"count":6', 'count must be 5 or less'],
    ['"alias":"@external/BRL"', "alias cannot contain the text '@external/'"],
    ['"inner":{"a":"123456"}', 'inner.a must be a maximum of 5 characters in length'],
    [
      `"status":{"code":"A","description":"${'x'.repeat(257)}"}`,
      'status.description must be a maximum of 256 characters in length',
    ],
  ])('%s', (member, message) => {
    expect(outcome(`{"name":"x",${member}}`)).toMatchObject({ code: '0047', errors: [{ message }] });
  });

  it('counts characters, not UTF-16 units', () => {
    expect(outcome('{"name":"x","code":"😀😀😀😀😀"}')).toEqual({ name: 'x', code: '😀😀😀😀😀' });
  });

  it('lists all of them', () => {
    expect(locations('{"name":"x","code":"123456","count":0}')).toEqual(['code', 'count']);
  });

  it('applies a rule on one of several members', () => {
    for (const item of ['{}', '{"amount":1,"share":2}', '{"amount":null}']) {
      expect(codeOf(`{"inner":{"a":"b","legs":[${item}]}}`)).toBe('0072');
    }
    expect(codeOf('{"name":"x","inner":{"a":"b","legs":[{"share":2,"amount":null}]}}')).toBeUndefined();
  });

  it.each(['"name":"a\\u0000b"', '"name":"x","metadata":{"a":"\\u0000"}', '"name":"x","settings":{"a":{"\\u0000":1}}'])(
    'refuses the null character: %s',
    (members) => {
      expect(outcome(`{${members}}`)).toMatchObject({
        code: '0047',
        detail: expect.stringContaining('null character'),
      });
    },
  );
});

describe('decimals', () => {
  it.each([
    ['"1500.25"', '1500.25'],
    ['1500.25', '1500.25'],
    ['1500', '1500'],
    ['12345678901234567890.12345678901234567890', '12345678901234567890.12345678901234567890'],
    ['1e400', '1e400'],
    ['"-0.10"', '-0.10'],
  ])('%s reaches the handler as its digits', (sent, received) => {
    expect(outcome(`{"name":"x","value":${sent}}`)).toEqual({ name: 'x', value: received });
  });
});

describe('status', () => {
  it('may be a bare string', () => {
    expect(outcome('{"name":"x","status":"ACTIVE"}')).toEqual({ name: 'x', status: { code: 'ACTIVE' } });
  });

  it('is limited in either form', () => {
    const long = 'x'.repeat(101);
    expect(codeOf(`{"name":"x","status":"${long}"}`)).toBe('0047');
    expect(codeOf(`{"name":"x","status":{"code":"${long}"}}`)).toBe('0047');
    expect(codeOf('{"name":"x","status":{"code":"A","foo":1}}')).toBe('0053');
    expect(codeOf('{"name":"x","status":"\\u0000"}')).toBe('0047');
  });
});

describe('address', () => {
  it.each(['{}', '{"country":""}', '{"line1":"","line2":null}', '{"line1":"a","country":"BR"}'])(
    '%s passes',
    (address) => {
      expect(codeOf(`{"name":"x","address":${address}}`)).toBeUndefined();
    },
  );

  it.each(['{"line1":"a"}', '{"country":"br"}', '{"country":"XX"}', '{"country":"BRA"}'])(
    '%s needs a country',
    (address) => {
      expect(codeOf(`{"name":"x","address":${address}}`)).toBe('0032');
    },
  );
});

describe('metadata', () => {
  const a = (length: number, letter = 'a') => letter.repeat(length);
  it.each([
    ['metadata', '{"a":1,"b":"x","c":true,"d":1.50}', undefined],
    ['metadata', `{"${a(100)}":"${a(2000)}"}`, undefined],
    ['metadata', `{"${a(101)}":1}`, '0050'],
    ['metadata', `{"${a(51, 'é')}":1}`, '0050'],
    ['metadata', `{"a":"${a(2001)}"}`, '0051'],
    ['metadata', `{"a":"${a(1001, 'é')}"}`, '0051'],
    ['metadata', '{"a":[]}', '0051'],
    ['metadata', '{"a":1e1999}', '0051'],
    ['metadata', '{"a":1e-2000}', '0051'],
    ['metadata', '{"a":1e999999999999}', '0051'],
    ['metadata', '{"a":1e1990}', undefined],
    ['metadata', '{"a":{}}', '0067'],
    ['metadata', '{"a":null}', '0067'],
    ['patch', '{"a":null}', undefined],
    ['patch', '{"a":[1]}', '0051'],
    ['patch', '{"a":{"b":1}}', '0067'],
  ])('%s %s', (member, value, code) => {
    expect(codeOf(`{"name":"x","${member}":${value}}`)).toBe(code);
  });

  it('is refused before a missing member', () => {
    expect(codeOf('{"metadata":{"a":null}}')).toBe('0067');
  });

  it('counts the keys of all maps of one request, and of one request only', () => {
    const keys = (count: number) => `{${Array.from({ length: count }, (_, at) => `"k${at}":1`).join()}}`;
    for (let round = 0; round < 3; round++) {
      expect(codeOf(`{"name":"x","metadata":${keys(60)},"settings":${keys(40)}}`)).toBeUndefined();
    }
    expect(codeOf(`{"name":"x","metadata":${keys(60)},"settings":${keys(41)}}`)).toBe('0145');
  });

  it('allows ten levels', () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect(codeOf(`{"name":"x","settings":${nested(10)}}`)).toBeUndefined();
    expect(codeOf(`{"name":"x","settings":${nested(11)}}`)).toBe('0144');
    expect(codeOf(`{"name":"x","metadata":${nested(11)}}`)).toBe('0144');
  });
});

it('lists a hundred of very many faults, in time', () => {
  const faults = (leg: string) => outcome(`{"name":"x","inner":{"a":"b","legs":[${Array(20_000).fill(leg).join()}]}}`);
  const before = process.cpuUsage();
  expect(faults('{}')).toMatchObject({ code: '0072' });
  expect(faults('{"amount":1,"q":1}')).toMatchObject({ code: '0053', errors: [{ value: { legs: { length: 100 } } }] });
  expect(faults('{"amount":1,"note":"123456"}')).toMatchObject({ code: '0047', errors: { length: 100 } });
  // A library that copies its list of errors took 30 s here.
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(8);
});

describe('schemas', () => {
  it('leave deferred members to the handler', () => {
    const batch = compileBody(strict({ transactions: Deferred({ type: 'array', maxItems: 2 }) }));
    expect(outcome('{"transactions":[{"any":{"thing":"\\u0000"}},5]}', batch)).toEqual({
      transactions: [{ any: { thing: '\0' } }, 5],
    });
    expect(outcome('{"transactions":[1,2,3]}', batch)).toMatchObject({ code: '0047' });
  });

  it.each([
    ['a union', Type.Union([Type.String(), Type.Null()])],
    ['an open object', Type.Object({ a: Type.String() })],
    ['a map', Type.Unsafe({ type: 'object' })],
  ])('refuse %s at start', (_name, member) => {
    expect(() => compileBody(strict({ member }))).toThrow(/^body\.member/);
  });
});
