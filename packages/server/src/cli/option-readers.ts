import { InvalidArgumentError } from 'commander';

/** An option that is a number within bounds. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`give a whole number from ${from} to ${to}.`);
  };
}

/** An option `key=value` that may be given several times. */
export function readPair(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('give key=value.');
  return { ...before, [key]: value };
}
