import { createHash } from 'node:crypto';

/** A slug out of a name, always the same one; names without a single Latin letter get a short hash. */
export function slugOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 48)
    .replace(/-+$/, '');
  if (plain.length >= 2) return plain;
  return `tenant-${createHash('sha256').update(name).digest('hex').slice(0, 10)}`;
}

/** Another one for the same name, with a mark of what else tells the request from others: always the same one, too. */
export function markedSlug(slug: string, mark: readonly string[]): string {
  return `${slug}-${createHash('sha256').update(mark.join(' ')).digest('hex').slice(0, 8)}`;
}
