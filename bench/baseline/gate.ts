/** Lets at most `width` work at once, the others in order of arrival: a pool whose size can be changed while it runs. */
export class Gate {
  width: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.width = width;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.width) await new Promise<void>((enter) => this.#waiting.push(enter));
    else this.#inside += 1;
    try {
      return await work();
    } finally {
      const next = this.#inside <= this.width ? this.#waiting.shift() : undefined;
      // Whoever enters takes this one's place; otherwise the place is free.
      if (next) next();
      else this.#inside -= 1;
    }
  }
}
