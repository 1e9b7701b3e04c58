import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type ExportOptions, exportBooks } from '../../src/ledger/exit/export-books.js';
import { exportFormats } from '../../src/ledger/exit/manifest.js';
import { plainFolder } from '../../src/ledger/exit/plain-folder.js';
import { readLabel, sealedSource, sealedTarget } from '../../src/ledger/exit/sealed-folder.js';
import type { MigratorConnection } from '../../src/postgres/migrator-connection.js';
import { openClient } from '../../src/postgres/pool.js';
import { asAdmin } from '../support/admin.js';
import { openBooksOf } from '../support/open-books.js';
import { Program, temporaryDataFolder } from '../support/program.js';
import { startSecondCluster } from '../support/second-cluster.js';
import { call, startTestServer, type TestServer } from '../support/server.js';
import {
  markersOf,
  misplaced,
  type Sighting,
  scanDatabases,
  sightingsIn,
  sightingsInFolder,
  sightingsInServerLog,
  textColumns,
} from './support/marker-scan.js';
import { neededQuery, pathOf, routeTable } from './support/route-table.js';
import { underLogin } from './support/world.js';
import { type Writer, writeEverywhere } from './support/write-everywhere.js';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-markers-'));
const logFile = join(folder, 'log');
let collector: Server;
let server: TestServer;
let writers: [Writer, Writer, Writer, Writer];
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
  writers = [
    await writeEverywhere(server, 'database'),
    await writeEverywhere(server, 'schema'),
    await writeEverywhere(server, 'database'),
    await writeEverywhere(server, 'schema'),
  ];
  markers = markersOf(writers);
  // Statistics hold the most common values of each column.
  for (const { database } of writers) await asAdmin((admin) => admin.query('analyze'), database);
}, 240_000);
afterAll(async () => {
  await server?.stop();
  collector.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Every row of the cluster, the log, PostgreSQL's log, the traces, the metrics, and what the server keeps in files. */
async function scanInstallation(): Promise<Sighting[]> {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  const { text: metrics } = await server.operate('GET', '/metrics');
  return [
    ...(await scanDatabases(server.names, writers)),
    ...lines.flatMap((line) => sightingsIn(line, markers, 'log', () => JSON.parse(line).tenant_id ?? null)),
    ...sightingsInServerLog(postgresLog(), markers, 'PostgreSQL log'),
    ...spans.flatMap((span) => sightingsIn(JSON.stringify(span), markers, `span ${span.name}`, tenantOf(span))),
    ...sightingsIn(metrics, markers, 'metrics', null),
    ...sightingsInFolder(String(server.environment['COFFERDAM_DATA_DIR']), markers, addressee),
  ];
}
const postgresLog = (): string => {
  const file = inject('postgresLog');
  return file === '' ? '' : readFileSync(file, 'utf8');
};
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

/** What a broken export leaves lying about is looked at, too. */
async function breakOff(options: ExportOptions, store: MigratorConnection): Promise<void> {
  const onFile = ({ table }: { readonly table: string }) => {
    if (table === 'transaction') throw new Error('broken off');
  };
  await expect(exportBooks(store, { ...options, onFile })).rejects.toThrow('broken off');
}

/** What leaves the house for one tenant: files of every format, the opened backup, and the answers to all its questions. */
async function scanWhatLeaves(writer: Writer, round: string): Promise<Sighting[]> {
  const sightings: Sighting[] = [];
  await openBooksOf(server, writer.tenantId, async ({ store, tenant }) => {
    const common = { tenant, now: () => new Date(), onFile: () => undefined };
    for (const format of exportFormats) {
      const target = join(folder, `${round}-${writer.tenantId}-${format}`);
      await breakOff({ ...common, format, target: plainFolder(target) }, store);
      sightings.push(...sightingsInFolder(target, markers, () => writer.tenantId));
      await exportBooks(store, { ...common, format, target: plainFolder(target) });
      const found = sightingsInFolder(target, markers, () => writer.tenantId);
      expect(found.length).toBeGreaterThan(5);
      sightings.push(...found);
    }
    const identity = await generateIdentity();
    const sealed = join(folder, `${round}-${writer.tenantId}-sealed`);
    const recipient = await identityToRecipient(identity);
    await breakOff({ ...common, format: 'csv', target: sealedTarget(sealed, [recipient]) }, store);
    expect(readdirSync(sealed)).toContain('progress.json');
    expect(sightingsInFolder(sealed, markers, () => null)).toEqual([]);
    await exportBooks(store, { ...common, format: 'csv', target: sealedTarget(sealed, [recipient]) });
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
test('a process that has served one tenant holds no text of another: not in its heap, its log, its metrics, its files', async () => {
  const [served, ...absent] = [...writers].reverse() as [Writer, ...Writer[]];
  const [logFile, temporary] = [join(folder, 'lone.log'), join(folder, 'lone-temporary')];
  mkdirSync(temporary);
  const child = fork(
    fileURLToPath(new URL('./support/lone-process.ts', import.meta.url)),
    [
      JSON.stringify({
        environment: {
          ...server.environment,
          LOG_LEVEL: 'error',
          COFFERDAM_DATA_DIR: join(folder, 'lone'),
          TMPDIR: temporary,
          OTEL_EXPORTER_OTLP_ENDPOINT: '',
        },
        prefix: server.names.prefix,
        logFile,
        // Where a dump certainly shows it: else "not found" would mean nothing.
        planted: served.ofClients[0],
      }),
    ],
    {
      execArgv: ['--conditions=source', '--import', 'tsx', '--heap-snapshot-string-limit=1000000'],
      env: { ...process.env, TMPDIR: temporary },
      silent: true,
    },
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed += chunk));
  const said = () => new Promise<never>((resolve) => child.once('message', resolve as (message: unknown) => void));
  try {
    const urls: { ledger: string; access: string; tenants: string } = await said();
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
    const strange = absent.flatMap(({ ofClients: own, application: { clientId: id } }) => [...own, id]);
    expect(await occurringIn(dump, strange)).toEqual([]);
    const { text: metrics } = await call(urls.tenants, 'GET', '/metrics', { headers: { 'x-api-key': server.apiKey } });
    expect(metrics).toContain('process_cpu_seconds_total');
    const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
    const sightings = [
      ...lines.flatMap((line) => sightingsIn(line, markers, 'log', () => JSON.parse(line).tenant_id ?? null)),
      ...sightingsIn(metrics, markers, 'metrics', null),
    ];
    child.kill('SIGKILL');
    await once(child, 'close');
    sightings.push(...sightingsIn(printed, markers, 'printed', null));
    for (const left of [temporary, join(folder, 'lone')])
      sightings.push(...sightingsInFolder(left, markers, () => null));
    expect(misplaced(sightings, writers)).toEqual([]);
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

test('nothing is left in PostgreSQL’s folders for temporary files, nor in ours', async () => {
  const spilled = () => asAdmin(async (admin) => (await admin.query('select name from pg_ls_tmpdir()')).rowCount);
  await expect.poll(spilled, { timeout: 10_000 }).toBe(0);
  // Folders of tests begin so; they are looked at where they are of this one.
  const left = readdirSync(tmpdir(), { withFileTypes: true }).filter(({ name }) => !name.startsWith('cofferdam-'));
  for (const entry of left) {
    const path = join(entry.parentPath, entry.name);
    const sightings = entry.isDirectory() ? sightingsInFolder(path, markers, () => null) : [];
    if (entry.isFile()) sightings.push(...sightingsIn(readFileSync(path, 'latin1'), markers, path, null));
    expect(sightings).toEqual([]);
  }
});

test('what a crash prints: neither the statement of a backend that crashed nor the row of an error that nobody caught', async () => {
  const [{ ofClients }] = writers;
  const [marker = ''] = ofClients;
  const cluster = await startSecondCluster();
  try {
    await cluster.query('create table planted (alias text unique)');
    await cluster.query(`insert into planted values ('${marker}')`);
    await expect(cluster.query(`insert into planted values ('${marker}')`)).rejects.toThrow(/planted_alias_key/);
    const victim = openClient(cluster.admin, { applicationName: 'test' }).on('error', () => undefined);
    await victim.connect();
    const running = victim.query(`select pg_sleep(60), '${marker}'`).catch(() => undefined);
    const crashed = `select pid from pg_stat_activity where query like 'select pg_sleep%'`;
    await expect.poll(async () => (await cluster.query(crashed)).rows[0]?.pid).toBeGreaterThan(0);
    process.kill((await cluster.query(crashed)).rows[0].pid, 'SIGSEGV');
    await running;
    const said = () => readFileSync(cluster.log, 'utf8');
    await expect.poll(said, { timeout: 10_000 }).toContain('was terminated by signal 11');
    expect(said()).toContain('violates unique constraint');
    expect(sightingsIn(said(), markers, 'PostgreSQL log', null)).toEqual([]);
  } finally {
    await cluster.stop();
  }

  const data = temporaryDataFolder();
  const failing = `process.on('SIGUSR2', () => { throw Object.assign(new Error('planted'), { detail: process.env.PLANTED }) })`;
  const program = new Program(['serve'], {
    environment: { COFFERDAM_DATA_DIR: data.path, PLANTED: `Key (alias)=(${marker}) already exists.` },
    node: ['--import', `data:text/javascript,${encodeURIComponent(failing)}`],
  });
  try {
    await program.serving();
    program.child.kill('SIGUSR2');
    const { code, stdout, stderr } = await program.finished;
    expect(code).toBe(1);
    expect(stdout).toContain('ended by an error that nobody caught');
    expect(sightingsIn(stdout + stderr, markers, 'crash', null)).toEqual([]);
  } finally {
    // The embedded PostgreSQL lives on for the next start, which ends it in order.
    const next = new Program(['serve'], { environment: { COFFERDAM_DATA_DIR: data.path } });
    await next.serving();
    await next.stop();
    data.remove();
  }
}, 90_000);

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
  // PostgreSQL quotes what it cannot read.
  await underLogin(b, [`select '${marker}'::int`]);
  const places = (sightings: Sighting[]) => misplaced(sightings, writers).map(({ place }) => place);
  expect(places(await scanInstallation())).toEqual(
    expect.arrayContaining([
      `${b.database} ${b.schema}.segment`,
      `${names.accessDatabase} access.planted`,
      `${names.accessDatabase} access.application`,
      expect.stringContaining('pg_shdescription'),
      ...(inject('postgresLog') === '' ? [] : ['PostgreSQL log']),
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
