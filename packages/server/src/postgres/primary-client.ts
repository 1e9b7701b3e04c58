import pg from 'pg';
import { destroy } from './end-client.js';
import { isConnectionLost } from './pg-errors.js';
import type { Address, PrimaryAddress, Timeline } from './primary-address.js';

/** The first digits of a segment's name are its timeline. Every login may ask. */
const timelineSql =
  'select case when pg_is_in_recovery() then null else left(pg_walfile_name(pg_current_wal_lsn()), 8) end as timeline';
const surveyMs = 3_000;

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
    // biome-ignore lint/suspicious/noExplicitAny: the driver's overloads: with a callback, and without
    override connect(callback?: any): any {
      const done = this.#reach();
      if (callback === undefined) return done;
      done.then((client) => callback(null, client), callback);
    }

    async #reach(): Promise<pg.Client> {
      if (!(await addresses.survey((each) => this.#timelineOf(each))))
        throw new NotPrimary(`none of ${addresses.all.map(textOf).join(', ')} is a primary that answers`);
      const address = addresses.current;
      // Not by a copy of the configuration: pools hide the password in it from copying.
      Object.assign(this, address);
      try {
        await super.connect();
        const { rows } = await super.query<{ timeline: string | null }>(timelineSql);
        if (addresses.accepts(rows[0]?.timeline ?? null)) return this;
        await super.end();
        throw new NotPrimary(`${textOf(address)} is a replica, or a primary that was left behind by a promotion`);
      } catch (error) {
        if (isConnectionLost(error)) addresses.passOver(address);
        throw error;
      }
    }

    async #timelineOf({ host, port }: Address): Promise<Timeline> {
      const { user, password, database, ssl } = this as unknown as pg.ClientConfig;
      const client = new pg.Client({ host, port, user, password, database, ssl, query_timeout: surveyMs });
      client.on('error', () => {});
      const cut = setTimeout(() => destroy(client), surveyMs);
      try {
        await client.connect();
        return (await client.query<{ timeline: string | null }>(timelineSql)).rows[0]?.timeline;
      } catch {
        return undefined;
      } finally {
        clearTimeout(cut);
        await client.end().catch(() => {});
      }
    }
  }
  return PrimaryClient as unknown as typeof pg.Client;
}

function textOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
