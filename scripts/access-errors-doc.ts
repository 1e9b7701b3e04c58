import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type AccessErrorName, accessErrorCatalogue } from '../packages/server/src/access/access-errors.ts';
import { mirrored } from '../packages/server/src/access/render-access-error.ts';

const source = readFileSync(new URL('../packages/server/src/access/access-errors.ts', import.meta.url), 'utf8');

/** docs/access-errors.md from the catalogue and its comments. `npm run docs:errors` writes it, a test compares. */
export function accessErrorsDocument(): string {
  const names = Object.keys(accessErrorCatalogue) as AccessErrorName[];
  const rows = names.map((name) => {
    const entry: { code: string; status: number; title: string; oauth: string; oauthStatus?: number } =
      accessErrorCatalogue[name];
    const when = new RegExp(`/\\*\\* (.*) \\*/\\n  ${name}:`).exec(source)?.[1];
    if (when === undefined) throw new Error(`access-errors.ts: ${name} has no comment`);
    const code = mirrored.has(name) ? `${entry.code}, ${entry.code.replace('AUT-', 'IDE-')}` : entry.code;
    const oauth = entry.code.startsWith('IDE-')
      ? ''
      : `\`${entry.oauth}\`${entry.oauthStatus === undefined ? '' : ` (${entry.oauthStatus})`}`;
    return { code, row: `| ${code} | ${entry.status} | ${entry.title} | ${when} | ${oauth} |` };
  });
  rows.sort((a, b) => (a.code < b.code ? -1 : Number(a.code > b.code)));
  return `# Errors of the Access Manager

The body is \`{"code","title","message"}\`, with \`fields\` (member → what is wrong with it) for a body that does not fit. \`code\` is
the stable part. Values that were sent are never repeated. Identity (users, groups, applications, audit events) numbers the general
refusals under its own prefix: two codes in one row mean that. A 401 has \`WWW-Authenticate\`, a 429 and a 503 have \`Retry-After\`.

The OAuth endpoints proper (\`/v1/oauth/token\`, \`/v1/oauth/revoke\`) say \`{"error","error_description"}\` of RFC 6749 instead: the last
column, with its status where that differs. The right password of somebody with a second factor is a 400 \`mfa_required\` there.

Made by \`npm run docs:errors\` from \`packages/server/src/access/access-errors.ts\`.

| Code | HTTP | Title | When | OAuth |
|---|---|---|---|---|
${rows.map(({ row }) => row).join('\n')}
`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(new URL('../docs/access-errors.md', import.meta.url), accessErrorsDocument());
}
