import { TenancyError } from '../tenancy-error.js';

const labelsMax = 32;

/** Labels of a server, or those that a placement asks for: short plain keys, short texts. @throws TenancyError invalid_request */
export function readLabels(labels: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const entries = Object.entries(labels);
  const fits = ([key, value]: [string, unknown]) =>
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/.test(key) && typeof value === 'string' && value.length <= 63;
  if (entries.length <= labelsMax && entries.every(fits)) return Object.fromEntries(entries) as Record<string, string>;
  throw new TenancyError(
    'invalid_request',
    `labels must be at most ${labelsMax} texts of up to 63 characters; keys begin with a letter or digit, then also dots, dashes, underscores and slashes.`,
  );
}
