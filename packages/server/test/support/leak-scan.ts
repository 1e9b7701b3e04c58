import { appendFileSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryPrefix } from './remove-abandoned.js';

export interface Leak {
  /** What kind of secret; the secret itself is not printed again. */
  readonly kind: string;
  /** Who said it. */
  readonly source: string;
}

export interface LeakScan {
  readonly secrets: number;
  readonly bytes: number;
  readonly leaks: readonly Leak[];
  /** The planted secret was not found: then "no leak" would mean nothing. */
  readonly blind: boolean;
}

const planted = 'planted';

/** A folder in which `scanForLeaks` finds one planted secret. */
export function openCaptureFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), `${temporaryPrefix}capture-`));
  const canary = `cfs_${planted}-${Date.now().toString(36)}-in-the-middle-of-a-line`;
  appendFileSync(join(folder, '0.secrets'), `${JSON.stringify([planted, canary])}\n`);
  appendFileSync(join(folder, '0.output'), `${JSON.stringify([planted, `{"msg":"see ${canary} here"}`])}\n`);
  return folder;
}

/** By its last characters: the random part of every token, and the same wherever the text was cut before. */
const windowLength = 12;
const bloomBits = 22;

/** Looks for every secret of the run in everything that its servers said, in one pass by a rolling hash. */
export function scanForLeaks(folder: string): LeakScan {
  const secrets = new Map<string, { kind: string; text: string }[]>();
  const bloom = new Uint8Array(1 << bloomBits);
  let count = 0;
  for (const [kind, text] of entriesOf(folder, '.secrets')) {
    for (const spelling of new Set([text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)])) {
      const tail = spelling.slice(-windowLength);
      const known = secrets.get(tail) ?? [];
      if (known.some((other) => other.text === spelling)) continue;
      known.push({ kind, text: spelling });
      secrets.set(tail, known);
      bloom[hashOf(tail, 0) >>> (32 - bloomBits)] = 1;
      count += 1;
    }
  }
  const leaks = new Map<string, Leak>();
  let blind = true;
  let bytes = 0;
  for (const [source, text] of entriesOf(folder, '.output')) {
    bytes += text.length;
    for (const { kind, text: secret } of found(text, secrets, bloom)) {
      if (kind === planted && source === planted) blind = false;
      else leaks.set(`${kind} ${source} ${secret}`, { kind, source });
    }
  }
  return { secrets: count, bytes, leaks: [...leaks.values()], blind };
}

function* found(text: string, secrets: ReadonlyMap<string, { kind: string; text: string }[]>, bloom: Uint8Array) {
  let hash = hashOf(text, 0);
  for (let end = windowLength; end <= text.length; end += 1) {
    if (bloom[hash >>> (32 - bloomBits)] === 1) {
      for (const secret of secrets.get(text.slice(end - windowLength, end)) ?? [])
        if (text.endsWith(secret.text, end)) yield secret;
    }
    hash = (Math.imul(hash - Math.imul(text.charCodeAt(end - windowLength), highest), base) + text.charCodeAt(end)) | 0;
  }
}

const base = 0x01000193;
const highest = Array.from({ length: windowLength - 1 }).reduce<number>((power) => Math.imul(power, base), 1);

/** Polynomial, of `windowLength` characters. */
function hashOf(text: string, from: number): number {
  let hash = 0;
  for (let at = from; at < from + windowLength; at += 1) hash = (Math.imul(hash, base) + text.charCodeAt(at)) | 0;
  return hash;
}

function* entriesOf(folder: string, ending: string): Generator<[string, string]> {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(ending)) continue;
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) if (line !== '') yield JSON.parse(line);
  }
}
