import { createHash, timingSafeEqual } from 'node:crypto';

/** Constant time over digests: neither content nor length can be felt out. */
export function isSameSecret(expected: string, sent: unknown): boolean {
  return typeof sent === 'string' && timingSafeEqual(digest(sent), digest(expected));
}

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
