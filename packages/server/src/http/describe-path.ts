import type { Path } from './body-findings.js';

/** `send.source.from[0].amount` */
export function dotted(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** The last name on a path: what the contract calls the field (ledger-api §3.1, "Name in error"). */
export function leafOf(path: Path): string {
  return (path.findLast((step) => typeof step === 'string') as string | undefined) ?? 'body';
}
