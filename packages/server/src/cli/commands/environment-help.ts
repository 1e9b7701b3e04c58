import { variables } from '../../config.js';

/** The table of variables below a command's `--help`. */
export function environmentHelp(): string {
  const lines = Object.entries(variables).map(
    ([name, [fallback, meaning]]) => `  ${name.padEnd(32)} ${meaning}${fallback === '' ? '' : ` [${fallback}]`}`,
  );
  return `\nEnvironment:\n${lines.join('\n')}\n`;
}
