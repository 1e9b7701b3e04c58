import { type Logger, pino } from 'pino';

/** Structured logs on stdout. What looks like a secret is cut out wherever a log line might carry one. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: plainError },
    redact: {
      paths: [
        'password',
        'clientSecret',
        'client_secret',
        'authorization',
        '*.password',
        '*.clientSecret',
        '*.authorization',
        'headers["x-api-key"]',
      ],
      censor: '[redacted]',
    },
  });
}

/** pg hangs its whole client on an error, statements and all; and `detail` quotes rows. Only what names the fault is kept. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, constraint, cause } = error as { code?: unknown; constraint?: unknown; cause?: unknown };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(cause === undefined ? {} : { cause: plainError(cause) }),
  };
}
