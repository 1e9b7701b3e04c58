import { type AccountId, type BalanceId, type BalanceState, companionKey } from '@cofferdam/core';
import type { LockedBalance } from '../storage/lock-balances.js';

/** One text per balance name; neither part can hold the separator (NUL is refused in every request). */
export function nameOf(ledgerId: string, alias: string, key: string): string {
  return `${ledgerId}\0${alias}\0${key}`;
}

/**
 * The locked balances of a batch as its members leave them, one after the other. What a unit changes is a draft until
 * `keep`; `drop` forgets it, so a refused unit leaves no trace for the next.
 */
export class BooksOverlay {
  readonly #kept = new Map<BalanceId, BalanceState>();
  readonly #ids = new Map<string, BalanceId>();
  readonly #companions = new Map<AccountId, BalanceId>();
  readonly #changed = new Set<BalanceId>();
  #draft = new Map<BalanceId, BalanceState>();

  constructor(locked: readonly LockedBalance[]) {
    for (const { ledgerId, deleted, state } of locked) {
      this.#kept.set(state.id, state);
      if (deleted) continue;
      this.#ids.set(nameOf(ledgerId, state.alias, state.key), state.id);
      if (state.scope === 'internal' && state.key === companionKey) this.#companions.set(state.accountId, state.id);
    }
  }

  /** A live balance, as the members so far left it. */
  byName(ledgerId: string, alias: string, key: string): BalanceState | undefined {
    const id = this.#ids.get(nameOf(ledgerId, alias, key));
    return id === undefined ? undefined : this.byId(id);
  }

  byId(id: BalanceId): BalanceState | undefined {
    return this.#draft.get(id) ?? this.#kept.get(id);
  }

  /** The overdraft companion of an account, where one is locked. */
  companionOf(accountId: AccountId): BalanceState | undefined {
    const id = this.#companions.get(accountId);
    return id === undefined ? undefined : this.byId(id);
  }

  change(balances: readonly BalanceState[]): void {
    for (const balance of balances) this.#draft.set(balance.id, balance);
  }

  keep(): void {
    for (const [id, balance] of this.#draft) {
      this.#kept.set(id, balance);
      this.#changed.add(id);
    }
    this.#draft = new Map();
  }

  drop(): void {
    this.#draft = new Map();
  }

  /** Each changed balance once, as it ends up. */
  changed(): BalanceState[] {
    return [...this.#changed].flatMap((id) => this.#kept.get(id) ?? []);
  }
}
