import type { Logger } from 'pino';

/**
 * A defect that nobody caught ends the process with 1, as it would by itself; but Node would print every member of the error,
 * and an error of PostgreSQL carries the row that it is about. The log has name, message, stack and code only.
 */
export function endOnUncaught(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'ended by an error that nobody caught');
    process.exit(1);
  });
}
