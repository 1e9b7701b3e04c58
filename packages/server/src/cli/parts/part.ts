import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../../config.js';
import type { ExternalIssuer } from '../../http/external-issuer.js';
import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import type { InstallationNames } from '../../postgres/installation.js';
import type { LocalSecrets } from '../local-secrets.js';

/** What every part is made from. */
export interface Ground {
  readonly config: Config;
  readonly secrets: LocalSecrets;
  readonly names: InstallationNames;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly now: () => Date;
  /** UUIDv7. */
  readonly newId: () => string;
  /** Undefined in a process that runs on logins of its own (CONTROL_DATABASE_URL, ACCESS_DATABASE_URL). */
  readonly admin: ConnectionSettings | undefined;
  /** Whose tokens the ledger takes beside our own. */
  readonly externalIssuers: readonly ExternalIssuer[];
}

/** Things to undo, last first. Each is tried even when another fails; the first failure is thrown at the end. */
export class Closers {
  readonly #closers: (() => Promise<unknown>)[] = [];

  add(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) await close().catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
