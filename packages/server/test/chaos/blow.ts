import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionSettings } from '../../src/postgres/connection-settings.js';
import { checkBooks } from '../crash/check-books.js';
import { openHttp } from '../crash/http.js';
import { reconcile } from '../crash/rounds.js';
import { Workload } from '../crash/workload.js';
import type { ChaosOptions, ChaosResult } from './experiment.js';
import { within } from './experiment.js';

/** Clients of one ledger, and where its books are. */
export interface Clients {
  readonly workload: Workload;
  readonly url: () => string;
  readonly check: () => Promise<void>;
  close(): void;
}

export async function openClients(
  options: ChaosOptions,
  at: {
    readonly url: () => string;
    readonly admin: () => ConnectionSettings;
    readonly database?: string;
    readonly token?: string;
  },
): Promise<Clients> {
  const http = openHttp(at.token === undefined ? {} : { authorization: `Bearer ${at.token}` });
  const workload = await Workload.open(http, options.dice, at.url());
  return {
    workload,
    url: at.url,
    check: () => checkBooks(at.admin(), workload.creates, workload.changes, at.database),
    close: () => http.close(),
  };
}

export interface Blow {
  readonly what: string;
  /** Under load. */
  strike(): Promise<unknown>;
  /** How long clients go on against what is broken. */
  readonly holdMs: number;
  /** What an operator or a network does; absent: the system helps itself. */
  heal?(): Promise<unknown>;
  readonly recoverMsMax: number;
  /** Asked while the blow lasts; throws when something is not as specified. */
  meanwhile?(): Promise<string | undefined>;
}

/** Strikes under load, heals, waits for the first 201, and compares the books with what the clients were told. */
export async function strike(options: ChaosOptions, clients: Clients, blow: Blow): Promise<ChaosResult> {
  const { workload, url } = clients;
  const calmMs = options.form === 'short' ? 300 : 2_000;
  const before = workload.counts.acknowledged;
  const failedBefore = workload.failures.length;
  const readBefore = workload.read;
  workload.start(url);
  await delay(calmMs + options.dice.random() * calmMs);
  await blow.strike();
  const [note] = await Promise.all([blow.meanwhile?.(), delay(blow.holdMs)]);
  const healing = performance.now();
  await blow.heal?.();
  const startedAt = blow.heal === undefined ? healing - blow.holdMs : performance.now();
  await within(blow.recoverMsMax, `${blow.what}: serving again`, () => workload.probe(url()));
  const recoveredMs = performance.now() - startedAt;
  await delay(calmMs);
  await workload.stop();
  const { acknowledged, unknown } = await reconcile(workload, url(), clients.check);
  const failed = workload.failures.length - failedBefore;
  if (acknowledged - before < 20) throw new Error(`${blow.what}: too little was under way to show anything`);
  const read = workload.read - readBefore;
  if (read < 5) throw new Error(`${blow.what}: only ${read} reads were answered`);
  return { what: blow.what, recoveredMs, acknowledged: acknowledged - before, failed, unknown, read, note };
}
