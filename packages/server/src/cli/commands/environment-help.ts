import { type Variable, variables } from '../../config.js';

/** Of commands that work on the databases and end. */
export const databaseVariables = [
  'DATABASE_URL',
  'COFFERDAM_DATA_DIR',
  'COFFERDAM_ENCRYPTION_KEY',
  'MULTI_TENANT_ENABLED',
  'LOG_LEVEL',
] as const satisfies readonly Variable[];

/** The variables that a command uses, below its `--help`; without names all of them. */
export function environmentHelp(names: readonly Variable[] = Object.keys(variables) as Variable[]): string {
  const lines = names.map((name) => {
    const [fallback, meaning] = variables[name];
    return `  ${name.padEnd(32)} ${meaning}${fallback === '' ? '' : ` [${fallback}]`}`;
  });
  return `\nEnvironment:\n${lines.join('\n')}\n`;
}

/** Of commands on the books of one tenant, below their `--help`. */
export const booksHelp =
  '\nWorks on the database itself: needs DATABASE_URL and COFFERDAM_ENCRYPTION_KEY, or the data folder (COFFERDAM_DATA_DIR) of a server that is not running.\nExit codes: 0 done, 1 refused or failed, 2 called or configured wrongly. Only after 0 is there an export or a backup, or a book read; nothing half looks whole, and the same command may be given again.\n';
