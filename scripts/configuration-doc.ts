import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { variables } from '../packages/server/src/config.ts';

/** docs/configuration.md from the table of variables. `npm run docs:configuration` writes it, a test compares. */
export function configurationDocument(): string {
  const rows = Object.entries(variables).map(
    ([name, [fallback, meaning]]) => `| \`${name}\` | ${fallback === '' ? 'unset' : `\`${fallback}\``} | ${meaning} |`,
  );
  return `# Configuration

Read once, in \`packages/server/src/config.ts\`, from the environment. A wrong value ends the start with a sentence that says what
would be right.

| Variable | Default | Meaning |
|---|---|---|
${rows.join('\n')}
`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationDocument());
}
