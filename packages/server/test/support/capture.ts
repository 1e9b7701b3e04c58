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

/** Scripts use the same support outside of a test run: nothing is kept then. */
const isTestRun = process.env['VITEST'] !== undefined;

/** From now on nothing that a server says may hold this. */
export function registerSecret(kind: string, text: string): void {
  if (!isTestRun || text.length < secretLengthMin) return;
  appendFileSync(join(inject('captureFolder'), `${process.pid}.secrets`), `${JSON.stringify([kind, text])}\n`);
}

/** What a server said: a line of its log, an error, the answer to a GET, metrics. */
export function captureOutput(source: string, text: string): void {
  if (!isTestRun) return;
  appendFileSync(join(inject('captureFolder'), `${process.pid}.output`), `${JSON.stringify([source, text])}\n`);
}

const secretMember =
  /^(?:(?:access|refresh|id|mfa|device|reset)_?token|token|id_token_hint|(?:client|owner)?_?secret|(?:old|new)?password|secret|api_?key|recovery_?codes?|code_?verifier)$/i;

/** What stands under the names of secrets, at any depth. */
function eachSecretIn(value: unknown, found: (kind: string, text: string) => void, name = ''): void {
  if (typeof value === 'string') {
    if (secretMember.test(name)) found(name, value);
  } else if (Array.isArray(value)) {
    for (const item of value) eachSecretIn(item, found, name);
  } else if (typeof value === 'object' && value !== null) {
    for (const [member, inner] of Object.entries(value)) eachSecretIn(inner, found, member);
  }
}

const registerSecretsIn = (value: unknown): void => eachSecretIn(value, registerSecret);

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

/** Answers in which the contract shows a secret, this once. */
const introducesSecrets: readonly RegExp[] = [
  /^\/v1\/login\/oauth\/(?:access|refresh)_token/,
  /^\/v1\/login\/mfa\/verify/,
  /^\/v1\/oauth\/token/,
  /^\/v1\/applications(?:\/[\w-]+\/rotate-secret)?\/?(?:\?|$)/,
  /^\/v1\/users\/[\w-]+\/mfa\/setup/,
  /^\/v1\/tenants\/?(?:\?|$)/,
  /^\/v1\/operators\/?(?:\?|$)/,
];

/** The page of the second step carries the token of its login on to the next step. */
const loginPage = /^\/oidc\/[\w-]+\/login\//;
const carriedOn = /(<input type="hidden" name="mfaToken" value=")[^"]*/g;

/** Takes the secrets out that this answer introduces: what else it says is looked at. */
function withoutIts(answered: unknown): string {
  const own: string[] = [];
  eachSecretIn(answered, (_kind, text) => own.push(text));
  return JSON.stringify(answered, (_name, value: unknown) =>
    typeof value === 'string' && own.some((secret) => value.includes(secret)) ? '…' : value,
  );
}

/** What of an answer is searched for secrets: all, but for those that it is there to introduce; undefined: nothing. */
export function searchedOf({ method, path, status, answered, text }: Omit<Exchange, 'sent'>): string | undefined {
  if (handsOutSecrets.test(path)) return undefined;
  if (method === 'POST' && loginPage.test(path)) return text.replace(carriedOn, '$1…');
  const introduces = isSuccess(status) && method !== 'GET' && introducesSecrets.some((url) => url.test(path));
  return introduces ? withoutIts(answered) : text;
}

const isSuccess = (status: number) => status >= 200 && status < 400;

/** One request and its answer: its secrets are registered when it succeeded (what is refused may be anything). */
export function captureExchange(exchange: Exchange): void {
  const { method, path, status, sent, answered } = exchange;
  if (isSuccess(status)) {
    registerSecretsIn(sent);
    registerSecretsIn(answered);
  }
  const searched = searchedOf(exchange);
  if (searched !== undefined) captureOutput(`${method} ${path.slice(0, 80)} ${status}`, searched);
}
