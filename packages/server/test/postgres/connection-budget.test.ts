import { expect, test } from 'vitest';
import { ConnectionBudget, type Slot, type SlotOwner } from '../../src/postgres/connection-budget.js';

/** A tenant whose connections open and close when the test says so: what is said here is the order, real ones are in tenant-pools.test.ts. */
class Owner implements SlotOwner {
  readonly slots: Slot[] = [];
  readonly closed: Slot[] = [];
  readonly max = 2;
  opening = 0;
  isWaiting = false;
  readonly #budget: ConnectionBudget;

  constructor(budget: ConnectionBudget) {
    this.#budget = budget;
  }

  get held(): number {
    return this.slots.length + this.opening;
  }

  open(): void {
    this.opening += 1;
  }

  close(slot: Slot): void {
    this.slots.splice(this.slots.indexOf(slot), 1);
    this.closed.push(slot);
    this.#budget.letGo(slot);
  }

  want(): this {
    this.isWaiting = true;
    this.#budget.want(this);
    return this;
  }

  /** Its opening ends; the connection is used for a moment and returned. */
  opened(): Slot {
    this.opening -= 1;
    this.isWaiting = false;
    const slot = { owner: this, openedAt: performance.now(), idleSince: performance.now() };
    this.slots.push(slot);
    this.#budget.opened(0);
    this.#budget.rest(slot);
    return slot;
  }
}

function stage(options: ConstructorParameters<typeof ConnectionBudget>[0]) {
  const budget = new ConnectionBudget(options);
  return { budget, owner: () => new Owner(budget) };
}

test('an eighth of the budget may be opening at once; the line moves on when one is open', () => {
  const { budget, owner } = stage({ max: 80 });
  const owners = Array.from({ length: 12 }, () => owner().want());
  const opening = () => owners.map((each) => each.opening);
  expect(opening()).toEqual([...Array(10).fill(1), 0, 0]);
  owners[3]?.opened();
  expect(opening()).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]);
  expect(budget.taken).toBe(11);
  expect(budget.waiting).toBe(1);
});

test('a second connection: only below half of the budget, and it goes first when another tenant has none', async () => {
  const { owner } = stage({ max: 4, restMs: 2_000, turnMs: 2_000 });
  const [a, b, c, d] = [owner(), owner(), owner(), owner()];
  a.want().opened();
  a.want();
  expect(a.opening).toBe(1);
  a.opened();
  b.want().opened();
  b.want();
  expect(b.opening).toBe(0);
  c.want().opened();
  d.want();
  // The one that was idle longer; the other stays, rested or not.
  expect(a.closed.length).toBe(1);
  expect([a, b, c].map(({ slots }) => slots.length)).toEqual([1, 1, 1]);
});

test('a connection that is used again and again is left to its tenant until somebody has waited for a turn', async () => {
  const { budget, owner } = stage({ max: 2, restMs: 150, turnMs: 500 });
  const [busy, gone, next, last] = [owner(), owner(), owner(), owner()];
  const used = busy.want().opened();
  gone.want().opened();
  const keepsUsing = setInterval(() => {
    if (!busy.slots.includes(used)) return;
    budget.take(used);
    budget.rest(used);
  }, 10);
  try {
    next.want();
    expect(gone.closed.length).toBe(0);
    await expect.poll(() => gone.closed.length, { interval: 5, timeout: 5_000 }).toBe(1);
    budget.closed(false);
    const since = performance.now();
    next.opened();
    next.isWaiting = false;
    budget.take(next.slots[0] as Slot); // lent for as long as the test goes on
    last.want();
    await expect.poll(() => busy.closed.length, { interval: 5, timeout: 5_000 }).toBe(1);
    expect(performance.now() - since).toBeGreaterThanOrEqual(490);
  } finally {
    clearInterval(keepsUsing);
  }
});
