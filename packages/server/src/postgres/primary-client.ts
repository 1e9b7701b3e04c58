import pg from 'pg';
import { isConnectionLost } from './pg-errors.js';
import type { PrimaryAddress } from './primary-address.js';

/** The first digits of a segment's name are its timeline. Every login may ask. */
const timelineSql =
  'select case when pg_is_in_recovery() then null else left(pg_walfile_name(pg_current_wal_lsn()), 8) end as timeline';

/** The address answers, and is not the primary of today. To callers the same as an address that does not answer. */
class NotPrimary extends Error {
  readonly code = 'ENOTPRIMARY';
}

/**
 * A client class that connects to whichever of the addresses is the primary: the one that was it last, and after a failure
 * the next one. A single attempt tries a single address, so budgets and time-outs hold; pools try again by themselves.
 */
export function primaryClient(addresses: PrimaryAddress): typeof pg.Client {
  class PrimaryClient extends pg.Client {
    readonly #address = addresses.current;

    constructor(config?: pg.ClientConfig) {
      super(config);
      // Not by a copy of the configuration: pools hide the password in it from copying.
      Object.assign(this, { host: this.#address.host, port: this.#address.port });
    }

    // biome-ignore lint/suspicious/noExplicitAny: the driver's overloads: with a callback, and without
    override connect(callback?: any): any {
      const done = this.#reach();
      if (callback === undefined) return done;
      done.then((client) => callback(null, client), callback);
    }

    async #reach(): Promise<pg.Client> {
      const { host, port } = this.#address;
      try {
        await super.connect();
        const { rows } = await super.query<{ timeline: string | null }>(timelineSql);
        if (addresses.accepts(rows[0]?.timeline ?? null)) return this;
        await super.end();
        throw new NotPrimary(`${host}:${port} is a replica, or a primary that was left behind by a promotion`);
      } catch (error) {
        if (isConnectionLost(error)) addresses.passOver(this.#address);
        throw error;
      }
    }
  }
  return PrimaryClient as unknown as typeof pg.Client;
}
