import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generator, isCurrent, operationTable, typedPart, typesHead } from './client-source.js';

/** Makes `packages/client/src/generated` from `openapi/openapi.json`. Needs the network the first time, for the generator. */
const document = JSON.parse(readFileSync(new URL('../openapi/openapi.json', import.meta.url), 'utf8'));
const generated = new URL('../packages/client/src/generated/', import.meta.url);
writeFileSync(new URL('operations.ts', generated), operationTable(document));
const known = readFileSync(new URL('schema.ts', generated), 'utf8');
if (isCurrent(document, known)) {
  console.log('the types are those of the document already');
  process.exit();
}
const folder = mkdtempSync(join(tmpdir(), 'cofferdam-client-'));
const [source, target] = [join(folder, 'openapi.json'), join(folder, 'schema.ts')];
writeFileSync(source, JSON.stringify(typedPart(document)));
const packages = Object.entries(generator).flatMap(([name, version]) => ['-p', `${name}@${version}`]);
const { status } = spawnSync(
  'npx',
  ['--yes', '--prefer-offline', ...packages, 'openapi-typescript', source, '-o', target],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
if (status !== 0) throw new Error('the types could not be generated: npx could not run openapi-typescript');
// The generator writes four spaces; two are a third of the file.
const types = readFileSync(target, 'utf8').replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2));
rmSync(folder, { recursive: true });
writeFileSync(new URL('schema.ts', generated), typesHead(document, types) + types);
