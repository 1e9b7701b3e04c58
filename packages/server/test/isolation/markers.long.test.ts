import { fork } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportBooks } from '../../src/ledger/exit/export-books.js';
import { exportFormats } from '../../src/ledger/exit/manifest.js';
import { plainFolder } from '../../src/ledger/exit/plain-folder.js';
import { readLabel, sealedSource, sealedTarget } from '../../src/ledger/exit/sealed-folder.js';
import { asAdmin } from '../support/admin.js';
import { openBooksOf } from '../support/open-books.js';
import { call, startTestServer, type TestServer } from '../support/server.js';
import {
  markersOf,
  misplaced,
  type Sighting,
  scanDatabases,
  sightingsIn,
  sightingsInFolder,
  textColumns,
} from './support/marker-scan.js';
import { neededQuery, pathOf, routeTable } from './support/route-table.js';
import { type Writer, writeEverywhere } from './support/write-everywhere.js';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-markers-'));
const logFile = join(folder, 'log');
let collector: Server;
let server: TestServer;
let writers: [Writer, Writer];
let markers: string[];

interface Span {
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}
const spans: Span[] = [];

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    for (const { scopeSpans } of JSON.parse(await text(request)).resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  server = await startTestServer({
    MULTI_TENANT_ENABLED: 'true',
    TEST_LOG_FILE: logFile,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  });
  writers = [await writeEverywhere(server, 'database'), await writeEverywhere(server, 'schema')];
  markers = markersOf(writers);
  // Statistics hold the most common values of each column.
  for (const { database } of writers) await asAdmin((admin) => admin.query('analyze'), database);
}, 240_000);
afterAll(async () => {
  await server?.stop();
  collector.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Every row of the cluster, the log, the traces, the metrics, and what the server keeps in files. */
async function scanInstallation(): Promise<Sighting[]> {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  const { text: metrics } = await server.operate('GET', '/metrics');
  return [
    ...(await scanDatabases(server.names, writers)),
    ...lines.flatMap((line) => sightingsIn(line, markers, 'log', () => JSON.parse(line).tenant_id ?? null)),
    ...spans.flatMap((span) => sightingsIn(JSON.stringify(span), markers, `span ${span.name}`, tenantOf(span))),
    ...sightingsIn(metrics, markers, 'metrics', null),
    ...sightingsInFolder(String(server.environment['COFFERDAM_DATA_DIR']), markers, addressee),
  ];
}
/** Without SMTP_URL an e-mail is a file: it is of the tenant to whose person it goes. */
const addressee = (file: string): string | null =>
  writers.find(({ markers: own }) => own.some((marker) => /"to": "(.*)"/.exec(file)?.[1]?.includes(marker)))
    ?.tenantId ?? null;
const tenantOf = ({ attributes }: Span): string | null =>
  attributes.find(({ key }) => key === 'tenant.id')?.value.stringValue ?? null;

test('T-12: a marker lies in what is its own tenant’s: every row of every database, log, trace, metric and file', async () => {
  await expect.poll(() => spans.some(({ name }) => name === 'post batch'), { timeout: 15_000 }).toBe(true);
  const sightings = await scanInstallation();
  expect(misplaced(sightings, writers)).toEqual([]);
  for (const { markers: own, name } of writers) {
    const places = new Set(
      sightings.filter(({ marker }) => own.includes(marker)).map(({ place }) => place.split(/[ .]/)[0]),
    );
    // Databases of its own, of the Access Manager and of control; log and traces: the scan has looked where markers are.
    expect(places.size, `${name}: ${[...places]}`).toBeGreaterThanOrEqual(5);
  }
}, 240_000);

/** Columns for words of ours, hashes and ids: no client's text comes in. A new column is written to, or named here. */
const wordsOfOurs = {
  books: [
    'asset.type',
    'balance.direction',
    // Numbers and yes or no.
    'balance.settings',
    'holder.type',
    'instrument.type',
    'ledger.settings',
    'operation.balance_direction',
    'operation.direction',
    // Copied from `operation_route.code` and `description` where a ledger validates routes.
    'operation.route_code',
    'operation.route_description',
    'operation.status',
    'operation.type',
    'operation_route.operation_type',
    'outbox.event',
    'schema_migration.id',
    'transaction.status',
  ],
  access: [
    'app_user.password_hash',
    'application.allowed_addresses',
    'application.client_id',
    'application.role',
    'audit_event.actor',
    'audit_event.address',
    'audit_event.kind',
    'audit_event.reason',
    'audit_event.result',
    'audit_event.target',
    'directory_change.kind',
    'directory_change.subject',
    'group_role.role',
    // A network address.
    'known_source.source',
    'login_session.client_id',
    'login_session.end_reason',
    'login_session.kind',
    'login_session.subject',
    'mfa_session.client_id',
    'mfa_session.code_kind',
    'oidc_record.grant_id',
    'oidc_record.kind',
    'oidc_record.uid',
    'refresh_token.access_jti',
    'revoked_token.jti',
    'schema_migration.id',
    'signing_key.algorithm',
    'signing_key.kid',
    'signing_key.public_jwk',
    'signing_key.state',
    // Groups are the roles, named by us.
    'user_group.name',
    // A telephone number: digits.
    'user_mfa.destination',
    'user_mfa.kind',
    'user_mfa.state',
  ],
};

test('the markers were written wherever the catalogue has room for a text of a client', async () => {
  const { names } = server;
  for (const { database, schema, markers: own } of writers)
    expect(await unmarked(database, schema, own), schema).toEqual(wordsOfOurs.books);
  const [{ markers: own }] = writers;
  expect(await unmarked(names.accessDatabase, 'access', own)).toEqual(wordsOfOurs.access);
  // Of control the other way round: operators write a few texts, the rest is ours.
  const control = await textColumns(names.controlDatabase, 'control', own);
  expect(control.filter(({ marked }) => marked).map(({ column }) => column)).toEqual([
    'audit.actor',
    'audit.details',
    'operation.actor',
    'tenant.metadata',
    'tenant.name',
    'tenant.owner_email',
    'tenant.slug',
  ]);
});

async function unmarked(database: string, schema: string, own: readonly string[]): Promise<string[]> {
  const columns = await textColumns(database, schema, own);
  return columns.filter(({ marked, column }) => !marked && !column.endsWith('.tenant_id')).map(({ column }) => column);
}

/** What leaves the house for one tenant: files of every format, the opened backup, and the answers to all its questions. */
async function scanWhatLeaves(writer: Writer, round: string): Promise<Sighting[]> {
  const sightings: Sighting[] = [];
  await openBooksOf(server, writer.tenantId, async ({ store, tenant }) => {
    const common = { tenant, now: () => new Date(), onTable: () => undefined };
    for (const format of exportFormats) {
      const target = join(folder, `${round}-${writer.name}-${format}`);
      await exportBooks(store, { ...common, format, target: plainFolder(target) });
      const found = sightingsInFolder(target, markers, () => writer.tenantId);
      expect(found.length).toBeGreaterThan(5);
      sightings.push(...found);
    }
    const identity = await generateIdentity();
    const sealed = join(folder, `${round}-${writer.name}-sealed`);
    const target = sealedTarget(sealed, [await identityToRecipient(identity)]);
    await exportBooks(store, { ...common, format: 'csv', target });
    // Sealed, nothing is seen but the slug on the label.
    expect(sightingsInFolder(sealed, writer.ofClients, () => null)).toEqual([]);
    const source = sealedSource(sealed, identity);
    for (const { file } of (await readLabel(sealed)).files) {
      const plain = await text(source.open(file.replace('.gz.age', '')));
      sightings.push(...sightingsIn(plain, markers, `backup ${file}`, writer.tenantId));
    }
  });
  const { client, books } = writer;
  for (const route of routeTable().filter(({ method }) => method === 'GET')) {
    const answer = await client('GET', `${pathOf(route, books.ids)}${neededQuery(route, books.ids)}`);
    sightings.push(...sightingsIn(answer.text, markers, `GET ${route.url}`, writer.tenantId));
  }
  return sightings;
}

test('exports, opened backups and answers hold the markers of their tenant alone', async () => {
  for (const writer of writers) {
    const sightings = await scanWhatLeaves(writer, 'first');
    expect(misplaced(sightings, writers)).toEqual([]);
    expect(sightings.filter(({ place }) => place.startsWith('backup ')).length).toBeGreaterThan(10);
    expect(sightings.filter(({ place }) => place.startsWith('GET ')).length).toBeGreaterThan(20);
  }
});

/**
 * Caches live in the heap of a process. Of two tenants served by one process a heap cannot tell whose a text is, so
 * another process of the installation serves the second tenant only: nothing may have brought the first one's there.
 */
test('the heap of a process that has served one tenant holds no text of another', async () => {
  const [absent, served] = writers;
  const child = fork(
    fileURLToPath(new URL('./support/lone-process.ts', import.meta.url)),
    [
      JSON.stringify({
        environment: {
          ...server.environment,
          LOG_LEVEL: 'error',
          COFFERDAM_DATA_DIR: join(folder, 'lone'),
          OTEL_EXPORTER_OTLP_ENDPOINT: '',
        },
        prefix: server.names.prefix,
        // Where a dump certainly shows it: else "not found" would mean nothing.
        planted: served.ofClients[0],
      }),
    ],
    { execArgv: ['--conditions=source', '--import', 'tsx', '--heap-snapshot-string-limit=1000000'] },
  );
  const said = () => new Promise<never>((resolve) => child.once('message', resolve as (message: unknown) => void));
  try {
    const urls: { ledger: string; access: string } = await said();
    const login = { grantType: 'client_credentials', ...served.application };
    const { accessToken: token } = (await call(urls.access, 'POST', '/v1/login/oauth/access_token', { body: login }))
      .body;
    for (const route of routeTable().filter(({ method }) => method === 'GET')) {
      const path = `${pathOf(route, served.books.ids)}${neededQuery(route, served.books.ids)}`;
      expect((await call(urls.ledger, 'GET', path, { token })).status, path).toBe(200);
    }
    for (const list of ['users', 'applications', 'groups'])
      await call(urls.access, 'GET', `/v1/${list}?limit=100`, { token: served.ownerToken });
    const dump = join(folder, 'dump.heapsnapshot');
    const written = said();
    child.send(dump);
    await written;
    const { tenantId, application, ofClients } = served;
    expect(await occurringIn(dump, [tenantId, application.clientId, String(ofClients[0])])).toHaveLength(3);
    expect(await occurringIn(dump, [...absent.ofClients, absent.application.clientId])).toEqual([]);
  } finally {
    child.kill('SIGKILL');
  }
}, 240_000);

async function occurringIn(file: string, wanted: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'latin1', highWaterMark: 1 << 20 })) {
    const window = (rest + chunk).toLowerCase();
    for (const marker of wanted) if (window.includes(marker)) found.add(marker);
    rest = window.slice(-64);
  }
  return [...found];
}

test('D-06: no table of a store has a column that names a tenant', async () => {
  for (const { store, name } of writers)
    await asAdmin(async (admin) => {
      const { rows } = await admin.query(
        `select table_name, column_name from information_schema.columns where table_schema = $1 and column_name ~ 'tenant'`,
        [store.schema],
      );
      expect(rows, name).toEqual([]);
    }, store.database);
});

/** Last: what is planted here stays. */
test('control: planted in any of these places, a marker of another tenant is found', async () => {
  const [a, b] = writers;
  const [marker = ''] = a.ofClients;
  const { names } = server;
  const inAccess = (statement: string) => asAdmin((admin) => admin.query(statement), names.accessDatabase);
  await asAdmin(
    (admin) => admin.query(`update "${b.store.schema}".segment set name = $1`, [marker.toUpperCase()]),
    b.store.database,
  );
  // A table that nobody told this test of, of nobody, and in bytes; a row of the other tenant; words about a database.
  await inAccess(`create table access.planted (note bytea); insert into access.planted values ('${marker}')`);
  await inAccess(`update access.application set description = '${marker}' where tenant_id = '${b.tenantId}'`);
  await asAdmin((admin) => admin.query(`comment on database "${b.store.database}" is '${marker}'`));
  const places = (sightings: Sighting[]) => misplaced(sightings, writers).map(({ place }) => place);
  expect(places(await scanInstallation())).toEqual(
    expect.arrayContaining([
      `${b.database} ${b.schema}.segment`,
      `${names.accessDatabase} access.planted`,
      `${names.accessDatabase} access.application`,
      expect.stringContaining('pg_shdescription'),
    ]),
  );
  expect(places(await scanWhatLeaves(b, 'planted'))).toEqual(
    expect.arrayContaining([
      ...exportFormats.map((format) => `segment.${format}`),
      'backup segment.csv.gz.age',
      expect.stringMatching(/^GET .*segments/),
    ]),
  );
  const line = (tenant_id?: string) => sightingsIn(`{"msg":"${marker}"}`, markers, 'log', tenant_id ?? null);
  expect(misplaced([...line(), ...line(b.tenantId)], writers)).toHaveLength(2);
  expect(misplaced(line(a.tenantId), writers)).toEqual([]);
}, 240_000);
