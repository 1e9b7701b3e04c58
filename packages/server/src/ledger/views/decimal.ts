import type { Decimal } from '../storage/tables.js';

/** PostgreSQL's numeric text as the wire has it: `100.00` is `100`, `0.500` is `0.5`, and no zero has a sign. */
export function trimDecimal(text: Decimal): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
