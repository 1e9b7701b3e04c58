import { parseDecimal } from '@cofferdam/core';
import type { Instruction } from '../../../../core/test/any-program.js';
import type { ModelRow } from '../../../../core/test/reference-books.js';

/** What one accepted command wrote, as its client was told. */
export interface Event {
  readonly name: string;
  readonly id: string;
  readonly what:
    | Extract<Instruction, { do: 'create' }>
    | { readonly kind: 'commit' | 'cancel' | 'revert'; readonly of: string };
  readonly operations: readonly OperationAnswer[];
}

interface Standing {
  readonly available: string;
  readonly onHold: string;
  readonly overdraftUsed: string;
  readonly version: number;
}

/** The members of an operation's view that the reference knows of. */
export interface OperationAnswer {
  readonly id: string;
  readonly accountAlias: string;
  readonly balanceKey: string;
  readonly type: string;
  readonly direction: string;
  readonly amount: { readonly value: string };
  readonly balance: Standing;
  readonly balanceAfter: Standing;
}

/** An operation as it is in the books. */
export interface OperationSeen {
  readonly id: string;
  readonly balanceId: string;
  readonly versionBefore: number;
  readonly versionAfter: number;
  readonly affected: boolean;
}

/**
 * The events in an order in which they may have happened one after the other: each balance's versions say who came before
 * whom. Throws when an operation belongs to no event or to two, when versions have a gap, and when there is no such order.
 */
export function inOrder(events: readonly Event[], operations: readonly OperationSeen[]): Event[] {
  const ownerOf = new Map<string, number>();
  events.forEach(({ name, operations: told }, i) => {
    for (const { id } of told) {
      if (ownerOf.has(id)) throw new Error(`operation ${id} was told twice, by ${name} too`);
      ownerOf.set(id, i);
    }
  });
  if (operations.length !== ownerOf.size)
    throw new Error(`${ownerOf.size} operations were told, ${operations.length} are there`);
  const after = events.map(() => new Set<number>());
  for (const [balanceId, chain] of byBalance(operations.filter(({ affected }) => affected))) {
    chain.sort((a, b) => a.versionAfter - b.versionAfter);
    chain.forEach(({ id, versionBefore, versionAfter }, i) => {
      if (versionBefore !== i || versionAfter !== i + 1)
        throw new Error(`balance ${balanceId} has a gap at ${versionAfter}`);
      const [owner, previous] = [ownerOf.get(id), ownerOf.get(chain[i - 1]?.id ?? '')];
      if (owner === undefined) throw new Error(`operation ${id} was told to nobody`);
      if (previous !== undefined && previous !== owner) after[previous]?.add(owner);
    });
  }
  // What ends or reverts a transaction comes after it, also where no balance tells (annotations move none).
  const indexOf = new Map(events.map(({ name }, i) => [name, i]));
  events.forEach(({ what }, i) => {
    const made = 'of' in what ? indexOf.get(`create ${what.of}`) : undefined;
    if (made !== undefined) after[made]?.add(i);
  });
  return sorted(events, after);
}

function byBalance(operations: readonly OperationSeen[]): Map<string, OperationSeen[]> {
  const groups = new Map<string, OperationSeen[]>();
  for (const operation of operations) {
    const group = groups.get(operation.balanceId) ?? [];
    group.push(operation);
    groups.set(operation.balanceId, group);
  }
  return groups;
}

/** Kahn's algorithm. */
function sorted(events: readonly Event[], after: readonly ReadonlySet<number>[]): Event[] {
  const waitsFor = events.map(() => 0);
  for (const later of after) for (const i of later) waitsFor[i] = (waitsFor[i] ?? 0) + 1;
  const ready = waitsFor.flatMap((count, i) => (count === 0 ? [i] : []));
  const order: Event[] = [];
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    order.push(events[next] as Event);
    for (const i of after[next] ?? []) {
      waitsFor[i] = (waitsFor[i] ?? 0) - 1;
      if (waitsFor[i] === 0) ready.push(i);
    }
  }
  if (order.length < events.length)
    throw new Error('the balances contradict each other: there is no order in which this happened');
  return order;
}

const cents = (text: string): bigint => {
  const { coefficient, scale } = parseDecimal(text);
  return coefficient * 10n ** BigInt(2 - scale);
};

export function toModelRow({ balance, balanceAfter, amount, ...o }: OperationAnswer): ModelRow {
  const both = (name: 'available' | 'onHold' | 'overdraftUsed') =>
    [cents(balance[name]), cents(balanceAfter[name])] as const;
  return {
    name: `${o.accountAlias}#${o.balanceKey}`,
    type: o.type,
    direction: o.direction,
    amount: cents(amount.value),
    available: both('available'),
    onHold: both('onHold'),
    used: both('overdraftUsed'),
    version: [balance.version, balanceAfter.version],
  };
}
