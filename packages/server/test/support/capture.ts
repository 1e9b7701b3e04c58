import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the run keeps what it said and what nobody may say: `leak-scan.ts` reads it at the end. */
    readonly captureFolder: string;
  }
}

/** Shorter texts would be found by chance. */
const secretLengthMin = 12;

/** From now on nothing that a server says may hold this. */
export function registerSecret(kind: string, text: string): void {
  if (text.length < secretLengthMin) return;
  appendFileSync(join(inject('captureFolder'), `${process.pid}.secrets`), `${JSON.stringify([kind, text])}\n`);
}

/** What a server said: a line of its log, an error, the answer to a GET, metrics. */
export function captureOutput(source: string, text: string): void {
  appendFileSync(join(inject('captureFolder'), `${process.pid}.output`), `${JSON.stringify([source, text])}\n`);
}

const secretMember =
  /^(?:(?:access|refresh|id|mfa|device|reset)_?token|token|id_token_hint|(?:client|owner)?_?secret|(?:old|new)?password|secret|recovery_?codes?|code_?verifier)$/i;

/** Registers what stands under the names of secrets, at any depth. */
export function registerSecretsIn(value: unknown, name = ''): void {
  if (typeof value === 'string') {
    if (secretMember.test(name)) registerSecret(name, value);
  } else if (Array.isArray(value)) {
    for (const item of value) registerSecretsIn(item, name);
  } else if (typeof value === 'object' && value !== null) {
    for (const [member, inner] of Object.entries(value)) registerSecretsIn(inner, member);
  }
}

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Parsed, as the next; undefined: none or not readable. */
  readonly sent: unknown;
  readonly answered: unknown;
  /** The answer as it came. */
  readonly text: string;
}

/** Answers that hold what other answers may not: the operators' way to a tenant's database. */
const handsOutSecrets = /\/connections(?:\?|$)/;

/**
 * One request and its answer: its secrets are registered when it succeeded (what is refused may be anything), and its answer is
 * captured when it is an error, or to a GET.
 */
export function captureExchange({ method, path, status, sent, answered, text }: Exchange): void {
  const succeeded = status >= 200 && status < 400;
  if (succeeded) {
    registerSecretsIn(sent);
    registerSecretsIn(answered);
  }
  if ((method === 'GET' || !succeeded) && !handsOutSecrets.test(path))
    captureOutput(`${method} ${path.slice(0, 80)} ${status}`, text);
}
