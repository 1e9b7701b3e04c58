import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { isUniqueViolation } from '../postgres/pg-errors.js';
import type { ControlDatabase } from './control-database.js';
import { TenancyError } from './tenancy-error.js';

/** `read-only`: what shows no credential and changes nothing. `operate`: all but operators themselves. */
export const operatorRoles = ['read-only', 'operate'] as const;
export type OperatorRole = (typeof operatorRoles)[number];

/** A named operator of the Tenant Manager, without the key. */
export interface Operator {
  readonly id: string;
  readonly name: string;
  readonly role: OperatorRole;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly revokedAt: string | null;
  readonly revokedBy: string | null;
}

interface OperatorTools {
  readonly control: ControlDatabase;
  readonly newId: () => string;
}

const columns = /* sql */ `id, name, role, created_at as "createdAt", created_by as "createdBy",
  revoked_at as "revokedAt", revoked_by as "revokedBy"`;

const hashOf = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();

/**
 * Makes a key of 256 random bits for a name. It is in the answer and nowhere else; its prefix lets scanners of secrets find it.
 * @throws TenancyError operator_exists
 */
export async function addOperator(
  { control, newId }: OperatorTools,
  { name, role }: Pick<Operator, 'name' | 'role'>,
  actor: string,
): Promise<{ readonly operator: Operator; readonly key: string }> {
  const key = `cfo_${randomBytes(32).toString('base64url')}`;
  try {
    const operator = await control.change(async ({ client, at, audit }) => {
      const { rows } = await client.query<Operator>(
        `insert into operator_key (id, name, role, key_hash, created_at, created_by) values ($1, $2, $3, $4, $5, $6)
         returning ${columns}`,
        [newId(), name, role, hashOf(key), at, actor],
      );
      await audit({ actor, action: 'operator.add', outcome: 'done', details: { name, role } });
      return rows[0] as Operator;
    });
    return { operator, key };
  } catch (error) {
    if (!isUniqueViolation(error, 'operator_key_live')) throw error;
    throw new TenancyError('operator_exists', `${name} has a key: revoke it first, then add the operator anew.`);
  }
}

/** Its next request is refused, by every process: keys are looked up at each. @throws TenancyError operator_not_found */
export async function revokeOperator({ control }: Pick<OperatorTools, 'control'>, name: string, actor: string) {
  return control.change(async ({ client, at, audit }) => {
    const { rows } = await client.query<Operator>(
      `update operator_key set revoked_at = $2, revoked_by = $3 where name = $1 and revoked_at is null returning ${columns}`,
      [name, at, actor],
    );
    const [operator] = rows;
    if (operator === undefined) throw new TenancyError('operator_not_found', `No operator ${name} has a key.`);
    await audit({ actor, action: 'operator.revoke', outcome: 'done', details: { name, role: operator.role } });
    return operator;
  });
}

/** Those with a key first, then the revoked ones, by name. */
export async function listOperators({ pool }: ControlDatabase): Promise<Operator[]> {
  const { rows } = await pool.query<Operator>(
    `select ${columns} from operator_key order by revoked_at is not null, name, created_at`,
  );
  return rows;
}

/** Whose key it is; undefined when nobody's, or revoked. Looked up by its hash: there is no secret to compare in time. */
export async function findOperatorByKey(
  pool: pg.Pool,
  key: string,
): Promise<Pick<Operator, 'name' | 'role'> | undefined> {
  const { rows } = await pool.query<Pick<Operator, 'name' | 'role'>>(
    'select name, role from operator_key where key_hash = $1 and revoked_at is null',
    [hashOf(key)],
  );
  return rows[0];
}
