import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type ArrayElement, arrayText } from '../../../src/ledger/storage/array-text.js';
import { openPool } from '../../../src/postgres/pool.js';
import { adminSettings } from '../../support/admin.js';

const pool = openPool(adminSettings(), { max: 1, applicationName: 'array-text' });
afterAll(() => pool.end());

async function roundTrip(type: string, values: readonly ArrayElement[]): Promise<unknown> {
  const { rows } = await pool.query(`select $1::${type}[] as list`, [arrayText(type, values)]);
  return rows[0].list;
}

describe('arrayText', () => {
  it('gives PostgreSQL the very texts, whatever they hold', async () => {
    const text = fc.string({ unit: 'binary' }).map((s) => s.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(text, { freq: 5 }), { maxLength: 8 }), async (values) => {
        expect(await roundTrip('text', values)).toEqual(values);
      }),
      { numRuns: 150 },
    );
    const awkward = ['', 'NULL', 'null', '{a,b}', '"', '\\', '\\"', ' leading', 'line\nbreak', "o'hara", null];
    expect(await roundTrip('text', awkward)).toEqual(awkward);
  });

  it('writes every other type that a batch uses', async () => {
    const id = '019c96a0-0000-7000-8000-000000000001';
    expect(await roundTrip('uuid', [id, null])).toEqual([id, null]);
    expect(await roundTrip('numeric', ['-12.50', '0', null, `0.${'1'.repeat(32)}`])).toEqual([
      '-12.50',
      '0',
      null,
      `0.${'1'.repeat(32)}`,
    ]);
    expect(await roundTrip('bigint', [3, null])).toEqual([3, null]);
    expect(await roundTrip('boolean', [true, false, null])).toEqual([true, false, null]);
    expect(await roundTrip('timestamptz', ['2026-01-31T12:00:00.123456Z'])).toEqual(['2026-01-31T12:00:00.123456Z']);
    expect(await roundTrip('jsonb', ['{"a":"b\\"c\\\\d"}', null])).toEqual([{ a: 'b"c\\d' }, null]);
    const { rows } = await pool.query('select encode(unnest($1::bytea[]), $2) as hex', [
      arrayText('bytea', [Buffer.from([0, 255, 92, 34])]),
      'hex',
    ]);
    expect(rows).toEqual([{ hex: '00ff5c22' }]);
    expect(await roundTrip('text', [])).toEqual([]);
  });

  it('refuses bytes where none belong, and the reverse', () => {
    expect(() => arrayText('uuid', [Buffer.alloc(1)])).toThrow(TypeError);
    expect(() => arrayText('text', [Buffer.alloc(1)])).toThrow(TypeError);
    expect(() => arrayText('bytea', ['a'])).toThrow(TypeError);
  });
});
