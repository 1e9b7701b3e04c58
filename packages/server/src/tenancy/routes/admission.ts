import type { Admission, Guard } from '../../http/route.js';
import { isSameSecret } from '../../http/same-secret.js';
import type { ControlDatabase } from '../control-database.js';
import { findOperatorByKey, type OperatorRole } from '../operator-keys.js';
import { TenancyError } from '../tenancy-error.js';

/** Who did it, for the audit. */
export interface OperatorContext {
  /**
   * `operator:name` of a key of its own; `operator`, or `operator (name)`, of the installation's key, where the name is what
   * its holder says.
   */
  readonly actor: string;
}

type Wanted = OperatorRole | 'bootstrap';

/**
 * Lets in who sends the installation's key, or a key of an operator, in `X-API-Key`. Keys of operators are looked up at each
 * request, so a revoked one opens nothing any more.
 * @param control undefined where this process has no tenants: there is the installation's key only
 * @throws TenancyError api_key_missing, api_key_invalid, operator_forbidden
 */
export function createOperatorAdmission(
  apiKey: string,
  control?: ControlDatabase | undefined,
): Admission<OperatorContext> {
  if (apiKey.length < 16) throw new Error('TENANT_MANAGER_API_KEY must have at least 16 characters');
  return Object.freeze({
    async admit(request: { method: string; headers: Record<string, unknown> }, guard: Guard) {
      if ('public' in guard) return { context: { actor: 'anyone' }, principal: undefined };
      if (!('operator' in guard)) throw new Error('the Tenant Manager has operators and public routes only');
      const sent = request.headers['x-api-key'];
      if (typeof sent !== 'string' || sent === '')
        throw new TenancyError('api_key_missing', 'Send an operator key in the header X-API-Key.');
      if (isSameSecret(apiKey, sent))
        return { context: { actor: actorOf(request.headers['x-operator']) }, principal: undefined };
      const operator =
        sent.length > 200 || control === undefined ? undefined : await findOperatorByKey(control.pool, sent);
      if (control === undefined || operator === undefined)
        throw new TenancyError(
          'api_key_invalid',
          'The key in X-API-Key is no key of this Tenant Manager, or it was revoked.',
        );
      const actor = `operator:${operator.name}`;
      const wanted = wantedBy(guard.operator, request.method);
      if (!suffices(operator.role, wanted)) {
        const details = { wanted, role: operator.role, method: request.method };
        await control.audit({ actor, action: 'operator.denied', outcome: 'refused', details });
        throw new TenancyError(
          'operator_forbidden',
          wanted === 'bootstrap'
            ? 'Operators are added and revoked with the installation’s own key (TENANT_MANAGER_API_KEY) only.'
            : `The key of ${operator.name} is ${operator.role}; this needs one that may operate.`,
        );
      }
      return { context: { actor }, principal: undefined };
    },
  });
}

function wantedBy(guard: true | 'operate' | 'bootstrap', method: string): Wanted {
  if (guard !== true) return guard;
  return method === 'GET' || method === 'HEAD' ? 'read-only' : 'operate';
}

const suffices = (role: OperatorRole, wanted: Wanted): boolean =>
  wanted === 'read-only' || (wanted === 'operate' && role === 'operate');

/** `operator`, or `operator (name)`. @throws TenancyError invalid_request */
function actorOf(name: unknown): string {
  if (name === undefined || name === '') return 'operator';
  if (typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/.test(name)) return `operator (${name})`;
  throw new TenancyError(
    'invalid_request',
    'The header X-Operator names whoever is acting: up to 64 letters, digits, dots, dashes, underscores, @ and +.',
  );
}
