import { describe, expect, it } from 'vitest';
import { parseForm } from '../../src/http/form.js';

const type = 'application/x-www-form-urlencoded';

describe('a form', () => {
  it('becomes an object of texts', () => {
    expect({ ...parseForm(`${type}; charset=UTF-8`, 'grant_type=client_credentials&scope=a+b%20c&x=%C3%A9') }).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b c',
      x: 'é',
    });
  });

  it('has no member that was sent empty', () => {
    expect({ ...parseForm(type, 'scope=&client_id=x&&flag') }).toEqual({ client_id: 'x' });
    expect({ ...parseForm(type, '') }).toEqual({});
  });

  it('cannot reach the prototype of anything', () => {
    const form = parseForm(type, '__proto__=x&constructor=y&toString=z');
    expect(Object.keys(form).sort()).toEqual(['__proto__', 'constructor', 'toString']);
    expect(({} as { x?: string }).x).toBeUndefined();
  });

  it.each([
    ['a member twice', type, 'a=1&a=2'],
    ['a member twice, once empty', type, 'a=&a=2'],
    ['a null character', type, 'a=%00'],
    ['a null character in a name', type, 'a%00=1'],
    ['JSON', 'application/json', '{}'],
    ['no media type', '', 'a=1'],
  ])('is refused with 0094: %s', (_what, contentType, text) => {
    expect(() => parseForm(contentType, text)).toThrow(expect.objectContaining({ code: '0094' }));
  });
});
