import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { errorCatalogue } from '@cofferdam/core';
import { errorStatus } from '../packages/server/src/http/error-status.ts';

const source = readFileSync(new URL('../packages/core/src/error-catalogue.ts', import.meta.url), 'utf8');

/** docs/errors.md from the catalogue and its comments. `npm run docs:errors` writes it, a test compares. */
export function errorsDocument(): string {
  const rows = Object.entries(errorCatalogue).map(([name, { code, title }]) => {
    const when = new RegExp(`/\\*\\* (.*) \\*/\\n  ${name}:`).exec(source)?.[1] ?? '';
    return `| ${code} | ${errorStatus[name as keyof typeof errorCatalogue]} | ${title} | ${when} |`;
  });
  return `# Errors

The body is RFC 9457 problem details with the members of older releases beside it: \`type\`, \`title\`, \`status\`, \`detail\`, \`code\`,
\`entityType\`, \`errors[]\`, \`message\` (= detail) and \`fields\` (field → text); \`reason\` carries a word where one helps
(\`TENANT_SUSPENDED\`). The media type is \`application/problem+json\`, or \`application/json\` for a client that accepts only that.
\`code\` is the stable part. A 5xx says \`internal error\` and nothing more; the log has the rest under the answer's \`X-Request-Id\`.

Made by \`npm run docs:errors\` from \`packages/core/src/error-catalogue.ts\`.

| Code | HTTP | Title | When |
|---|---|---|---|
${rows.join('\n')}
`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsDocument());
}
