import type { Readable } from 'node:stream';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import type { BookColumn } from './book-tables.js';

/** A group is held in memory while it is written or read. */
const groupRows = 20_000;

/** Text for the rest, exact: a decimal of ours may have more digits than Parquet's 38, a reader would make floats of JSON. */
const elements: Readonly<Record<string, Omit<SchemaElement, 'name'>>> = {
  bool: { type: 'BOOLEAN' },
  int4: { type: 'INT32' },
  int8: { type: 'INT64' },
};
const text: Omit<SchemaElement, 'name'> = { type: 'BYTE_ARRAY', converted_type: 'UTF8' };

/** Flat lines of `jsonLinesOf` as the bytes of a Parquet file, a row group at a time. */
export async function* parquetOf(lines: Readable, columns: readonly BookColumn[]): AsyncGenerator<Buffer> {
  const buffer = new ByteWriter();
  const schema: SchemaElement[] = [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, type, nullable }) => ({
      name,
      ...(elements[type] ?? text),
      repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
    })),
  ];
  const writer = new ParquetWriter({ writer: buffer, schema });
  let group: string[] = [];
  for await (const line of linesOf(lines)) {
    group.push(line);
    if (group.length < groupRows) continue;
    await writer.write({ columnData: columnsOf(group, columns), rowGroupSize: groupRows });
    group = [];
    yield taken(buffer);
  }
  if (group.length > 0) await writer.write({ columnData: columnsOf(group, columns), rowGroupSize: groupRows });
  await writer.finish();
  yield taken(buffer);
}

/** By \n alone: `readline` also ends a line at U+2028 since Node 24, and JSON texts may hold that. */
async function* linesOf(bytes: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of bytes.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** The rows of a Parquet file of ours as flat JSON lines, a row group at a time. */
export async function* jsonLinesOfParquet(path: string): AsyncGenerator<string> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const total = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < total; rowStart += groupRows) {
    const rowEnd = Math.min(rowStart + groupRows, total);
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd });
    const lines = rows.map((row) =>
      JSON.stringify(row, (_name, value) => (typeof value === 'bigint' ? String(value) : value)),
    );
    yield `${lines.join('\n')}\n`;
  }
}

function columnsOf(lines: readonly string[], columns: readonly BookColumn[]): ColumnSource[] {
  const rows = lines.map((line): Record<string, unknown> => JSON.parse(line));
  return columns.map(({ name, type }) => ({
    name,
    data: rows.map((row) => (type === 'int8' && row[name] !== null ? BigInt(String(row[name])) : row[name])),
  }));
}

function taken(buffer: ByteWriter): Buffer {
  const bytes = Buffer.from(buffer.getBytes());
  buffer.index = 0;
  return bytes;
}
