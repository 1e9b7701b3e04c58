import { type Logger, pino } from 'pino';

/** Structured logs on stdout. What looks like a secret is cut out wherever a log line might carry one. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: plainError },
    // One name for the tenant in every line, whoever writes it (tenancy §11.1).
    formatters: { log: nameTenant },
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

/** Of commands that end: what is said for information would drown their answer. */
export function createCommandLog(level: string): Logger {
  return createLog(level === 'info' ? 'warn' : level);
}

function nameTenant(fields: Record<string, unknown>): Record<string, unknown> {
  if (!('tenantId' in fields)) return fields;
  const { tenantId, ...rest } = fields;
  return tenantId === undefined ? rest : { tenant_id: tenantId, ...rest };
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
