import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { searchedOf } from './capture.js';
import { openCaptureFolder, scanForLeaks } from './leak-scan.js';

let folder: string;
beforeEach(() => {
  folder = openCaptureFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The scan at the end of the run is worth something only if it finds what is there. */
it('finds a secret wherever it was said, however it was spelled, and nothing else', () => {
  const write = (name: string, entries: [string, string][]) =>
    appendFileSync(join(folder, name), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const password = 'Correct "horse" 7/battery';
  write('1.secrets', [
    ['token', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4'],
    ['password', password],
  ]);
  write('2.output', [
    ['quiet', 'nothing to see: eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.another-signature, correct horse'],
    ['quiet', 'c2lnbmF0dXJlLW9mLWEtdG9rZW4'],
    ['log', '{"token":"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"}'],
    ['json', JSON.stringify({ password })],
    ['url', `/login?password=${encodeURIComponent(password)}`],
    ['alone', password],
    ['short', ''],
  ]);
  const scan = scanForLeaks(folder);
  expect(scan.blind).toBe(false);
  expect(scan.leaks.map(({ kind, source }) => `${kind}: ${source}`).sort()).toEqual([
    'password: alone',
    'password: json',
    'password: url',
    'token: log',
  ]);
});

it('says when it is blind', () => {
  rmSync(join(folder, '0.output'));
  const scan = scanForLeaks(folder);
  expect([scan.blind, scan.leaks]).toEqual([true, []]);
});

it('searches every answer, but for the secrets that it is there to introduce', () => {
  const secret = 'cfs_shown-this-once';
  const searched = (method: string, path: string, answered: object, status = 201) =>
    searchedOf({ method, path, status, answered, text: JSON.stringify(answered) });
  const made = { id: 'x', clientSecret: secret, url: `otpauth://x?secret=${secret}`, echo: 'a password' };
  expect(searched('POST', '/v1/applications', made)).toBe(
    '{"id":"x","clientSecret":"…","url":"…","echo":"a password"}',
  );
  const page = (value: string) => `<p>${secret.slice(0, 4)}</p><input type="hidden" name="mfaToken" value="${value}">`;
  const step = { method: 'POST', path: '/oidc/x/login/y', status: 200, answered: undefined };
  expect(searchedOf({ ...step, text: page(secret) })).toBe(page('…'));
  expect(searchedOf({ ...step, text: `<p>${secret}</p>` })).toContain(secret);
  for (const [method, path, status] of [
    ['PATCH', '/v1/applications/x', 200],
    ['GET', '/v1/applications', 200],
    ['POST', '/v1/users', 201],
    ['POST', '/v1/applications', 400],
  ] as const)
    expect(searched(method, path, made, status)).toContain(secret);
});
