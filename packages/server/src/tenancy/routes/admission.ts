import type { Admission, Guard } from '../../http/route.js';
import { isSameSecret } from '../../http/same-secret.js';
import { TenancyError } from '../tenancy-error.js';

/** Who did it, for the audit. The key is the proof; the name in X-Operator is what its holder says. */
export interface OperatorContext {
  readonly actor: string;
}

/** Lets in who sends the key in `X-API-Key`. @throws TenancyError api_key_missing, api_key_invalid */
export function createOperatorAdmission(apiKey: string): Admission<OperatorContext> {
  if (apiKey.length < 16) throw new Error('TENANT_MANAGER_API_KEY must have at least 16 characters');
  return Object.freeze({
    async admit(request: { headers: Record<string, unknown> }, guard: Guard) {
      if ('public' in guard) return { context: { actor: 'anyone' }, principal: undefined };
      if (!('operator' in guard)) throw new Error('the Tenant Manager has operators and public routes only');
      const sent = request.headers['x-api-key'];
      if (typeof sent !== 'string' || sent === '')
        throw new TenancyError('api_key_missing', 'Send the operator key in the header X-API-Key.');
      if (!isSameSecret(apiKey, sent))
        throw new TenancyError('api_key_invalid', 'The key in X-API-Key is not the key of this Tenant Manager.');
      return { context: { actor: actorOf(request.headers['x-operator']) }, principal: undefined };
    },
  });
}

/** `operator`, or `operator (name)`. @throws TenancyError invalid_request */
function actorOf(name: unknown): string {
  if (name === undefined || name === '') return 'operator';
  if (typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/.test(name)) return `operator (${name})`;
  throw new TenancyError(
    'invalid_request',
    'The header X-Operator names whoever is acting: up to 64 letters, digits, dots, dashes, underscores, @ and +.',
  );
}
