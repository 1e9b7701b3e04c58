import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeCursor,
  defaultDateRange,
  encodeCursor,
  parseMoment,
  readCursorPage,
  readDateRange,
  readFlag,
  readMetadataFilter,
  readOneOf,
  readPage,
  readStrictDateRange,
  readText,
  readUuid,
} from '../../src/http/query.js';
import { readQueryString } from '../../src/http/read-query-string.js';

const limits = { max: 100 };

function codeOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('readQueryString', () => {
  it('takes the last of repeated values and keeps malformed escapes', () => {
    expect({ ...readQueryString('limit=1&limit=2&a=%zz&b&c=x%20y+z&metadata.k=%40v') }).toEqual({
      limit: '2',
      a: '%zz',
      b: '',
      c: 'x y z',
      'metadata.k': '@v',
    });
  });

  it('is not touched by the names of Object.prototype', () => {
    expect(readQueryString('')['constructor']).toBeUndefined();
    expect(Object.entries(readQueryString('__proto__=x'))).toEqual([['__proto__', 'x']]);
  });
});

describe('paging', () => {
  it('has defaults', () => {
    expect(readPage({}, limits)).toEqual({ limit: 10, page: 1, offset: 0, sortOrder: 'asc' });
    expect(readCursorPage({}, limits)).toEqual({ limit: 10, page: 1, cursor: undefined, sortOrder: 'asc' });
  });

  it('counts rows to skip', () => {
    expect(readPage({ limit: '25', page: '3', sort_order: 'DESC' }, limits)).toEqual({
      limit: 25,
      page: 3,
      offset: 50,
      sortOrder: 'desc',
    });
  });

  it.each([
    [{ limit: '0' }, '0082'],
    [{ limit: '-1' }, '0082'],
    [{ limit: '1.5' }, '0082'],
    [{ limit: '1e1' }, '0082'],
    [{ limit: 'ten' }, '0082'],
    [{ limit: '9999999999999999' }, '0082'],
    [{ limit: '101' }, '0080'],
    [{ page: '0' }, '0082'],
    [{ sort_order: 'up' }, '0081'],
    [{ limit: '100', page: '1', sort_order: 'Asc' }, undefined],
  ])('%o answers %s', (query, code) => {
    expect(codeOf(() => readPage(query, limits))).toBe(code);
    expect(codeOf(() => readCursorPage(query, limits))).toBe(code);
  });
});

describe('cursors', () => {
  it('survive the way to the client and back', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.constantFrom('next' as const, 'prev' as const), (id, direction) => {
        const text = encodeCursor({ id, direction });
        expect(decodeCursor(text)).toEqual({ id, direction });
        expect(decodeCursor(text.replace(/=+$/, ''))).toEqual({ id, direction });
        expect(readCursorPage({ cursor: text }, limits).cursor).toEqual({ id, direction });
      }),
    );
  });

  it('take the older form', () => {
    const id = '019c96a0-0000-7000-8000-000000000000';
    for (const [pointsNext, direction] of [
      [true, 'next'],
      [false, 'prev'],
    ] as const) {
      const text = Buffer.from(JSON.stringify({ id, points_next: pointsNext })).toString('base64url');
      expect(decodeCursor(text)).toEqual({ id, direction });
    }
  });

  it('of any other content answer 0082', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString('base64')),
        ),
        (text) => {
          expect(codeOf(() => decodeCursor(text))).toBe('0082');
        },
      ),
    );
  });
});

describe('dates', () => {
  it.each([
    ['2026-01-31', '2026-01-31T00:00:00Z'],
    ['2026-01-31 12:00:01', '2026-01-31T12:00:01Z'],
    ['2026-01-31T12:00:01', '2026-01-31T12:00:01Z'],
    ['2026-01-31T12:00:01Z', '2026-01-31T12:00:01Z'],
    ['2026-01-31T12:00:01.123456Z', '2026-01-31T12:00:01.123456Z'],
    ['2026-01-31T12:00:01.123456789Z', '2026-01-31T12:00:01.123456Z'],
    ['2026-01-31T12:00:01.5+03:00', '2026-01-31T09:00:01.5Z'],
    ['2026-01-31T12:00:01 03:00', '2026-01-31T09:00:01Z'],
    ['2026-01-31T23:00:00-03:00', '2026-02-01T02:00:00Z'],
  ])('%s is read as %s', (text, utc) => {
    expect(parseMoment(text)?.text).toBe(utc);
  });

  it.each([
    '2026-02-30',
    '2026-13-01',
    '2026-1-1',
    '31/01/2026',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00Z',
    'now',
    '',
    '2026-01-31 12:00:00+03:00',
    '2026-01-31T12:00:00+25:00',
  ])('%j is no date', (text) => {
    expect(parseMoment(text)).toBeUndefined();
  });

  it('end with the day when the end has no time of its own', () => {
    expect(readDateRange({ start_date: '2026-01-01', end_date: '2026-01-01' })).toEqual({
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-01T23:59:59.999999Z',
    });
    expect(readDateRange({ start_date: '2026-01-01T23:59:59Z', end_date: '2026-01-02 00:00:00' })).toEqual({
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-02T23:59:59.999999Z',
    });
  });

  it.each([
    [{ start_date: '2026-01-01' }, '0083'],
    [{ end_date: '2026-01-01' }, '0083'],
    [{ start_date: 'x', end_date: '2026-01-01' }, '0131'],
    [{ start_date: '2026-01-02', end_date: '2026-01-01' }, '0078'],
    [{ start_date: '2026-01-01T10:00:00.2Z', end_date: '2026-01-01T10:00:00.1Z' }, '0078'],
    [{}, undefined],
  ])('%o answers %s', (query, code) => {
    expect(codeOf(() => readDateRange(query as Record<string, string>))).toBe(code);
  });

  it('of a count are RFC 3339, today by default', () => {
    const now = new Date('2026-03-31T12:00:00Z');
    expect(readStrictDateRange({}, now)).toEqual({ from: '2026-03-31T00:00:00Z', to: '2026-03-31T23:59:59.999999Z' });
    expect(codeOf(() => readStrictDateRange({ start_date: '2026-01-01' }, now))).toBe('0131');
    expect(codeOf(() => readStrictDateRange({ start_date: '2026-04-01T00:00:00Z' }, now))).toBe('0078');
  });

  it('default to the last months, within the length of a month', () => {
    expect(defaultDateRange(new Date('2026-05-31T12:00:00Z'), 3)?.from).toBe('2026-02-28T00:00:00Z');
    expect(defaultDateRange(new Date('2026-01-15T12:00:00Z'), 1)?.from).toBe('2025-12-15T00:00:00Z');
    expect(defaultDateRange(new Date('2026-01-15T12:00:00Z'), 0)).toBeUndefined();
  });
});

describe('filters', () => {
  it('are read by type', () => {
    const id = '019c96a0-0000-7000-8000-000000000000';
    expect(readUuid({ a: id.toUpperCase() }, 'a')).toBe(id);
    expect(codeOf(() => readUuid({ a: 'x' }, 'a'))).toBe('0082');
    expect(readOneOf({ a: 'active' }, 'a', ['ACTIVE'] as const)).toBe('ACTIVE');
    expect(codeOf(() => readOneOf({ a: 'x' }, 'a', ['ACTIVE'] as const))).toBe('0082');
    expect([readFlag({ a: '1' }, 'a'), readFlag({ a: 'False' }, 'a'), readFlag({}, 'a')]).toEqual([
      true,
      false,
      undefined,
    ]);
    expect(codeOf(() => readText({ a: 'x'.repeat(257) }, 'a'))).toBe('0082');
  });

  it('by metadata: the first is honoured', () => {
    expect(readMetadataFilter({ limit: '1', 'metadata.color': 'blue', 'metadata.size': 'l' })).toEqual({
      key: 'color',
      value: 'blue',
    });
    expect(readMetadataFilter({ 'metadata.a.b': '' })).toEqual({ key: 'a.b', value: '' });
    expect(codeOf(() => readMetadataFilter({ 'metadata.': 'x' }))).toBe('0082');
  });
});
