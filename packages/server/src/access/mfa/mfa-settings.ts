import { lockUser } from '../directory/users.js';
import type { DirectoryTx } from '../directory/with-directory.js';
import { endHalfDoneLogins } from '../tokens/end-half-done-logins.js';
import type { MfaKind } from '../tokens/session-tables.js';
import type { MfaSecrets } from './mfa-secrets.js';
import { listEnabledFactors } from './mfa-store.js';
import { insertRecoveryCodes } from './recovery-codes.js';
import { matchingStep, newTotpSecret, totpUrl } from './totp.js';

/** What a person has switched on (access-manager §3, "MFA settings"). */
export interface MfaState {
  readonly enabled: boolean;
  readonly preferredType: MfaKind | undefined;
  readonly methods: readonly MfaKind[];
}

export interface MfaSetup {
  /** The TOTP secret in base32, shown this once; undefined for e-mail and SMS. */
  readonly secret: string | undefined;
  /** For a QR code; as `secret`. */
  readonly url: string | undefined;
  /** The code to send to the address, for e-mail and SMS. A secret: not for an answer. */
  readonly passcode: string | undefined;
  /** Shown this once; empty when the person has a second factor already and keeps the codes of then. */
  readonly recoveryCodes: readonly string[];
}

export interface MfaSettings {
  state(tx: DirectoryTx, userId: string): Promise<MfaState>;
  /** Begins or begins anew. Undefined: no such user, or this factor is on already. `destination`: telephone number, for SMS. */
  setUp(tx: DirectoryTx, userId: string, kind: MfaKind, names: SetupNames): Promise<MfaSetup | undefined>;
  /** The first code, which proves that the app or the address works. Five wrong ones end the attempt. */
  verify(tx: DirectoryTx, userId: string, kind: MfaKind, passcode: string): Promise<boolean>;
  /** Switches a verified factor on; the recovery code proves that the person has kept them, and stays good. */
  enable(tx: DirectoryTx, userId: string, kind: MfaKind, recoveryCode: string): Promise<boolean>;
  /** False: that factor is not on. */
  prefer(tx: DirectoryTx, userId: string, kind: MfaKind): Promise<boolean>;
  /** Switches one factor off, or all; without any left the recovery codes and remembered devices go too. */
  disable(tx: DirectoryTx, userId: string, kind?: MfaKind): Promise<void>;
}

export interface SetupNames {
  /** What an authenticator app shows. */
  readonly issuer: string;
  readonly account: string;
  readonly destination?: string;
}

const passcodeSeconds = 600;
const attemptsMax = 5;

/** The steps by which a person sets a second factor up. The server keeps the secret; it is never sent back to us. */
export function createMfaSettings(secrets: MfaSecrets, now: () => Date): MfaSettings {
  const rowOf = ({ db, tenantId }: DirectoryTx, userId: string, kind: MfaKind) =>
    db
      .selectFrom('user_mfa')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('user_id', '=', userId)
      .where('kind', '=', kind)
      .executeTakeFirst();
  const update = ({ db, tenantId }: DirectoryTx, userId: string, kind?: MfaKind) => {
    const query = db.updateTable('user_mfa').where('tenant_id', '=', tenantId).where('user_id', '=', userId);
    return kind === undefined ? query : query.where('kind', '=', kind);
  };

  return Object.freeze({
    async state(tx: DirectoryTx, userId: string) {
      const factors = await listEnabledFactors(tx, userId);
      return {
        enabled: factors.length > 0,
        preferredType: factors[0]?.kind,
        methods: factors.map(({ kind }) => kind),
      };
    },

    async setUp(tx: DirectoryTx, userId: string, kind: MfaKind, { issuer, account, destination }: SetupNames) {
      if (!(await lockUser(tx, userId))) return undefined;
      if ((await rowOf(tx, userId, kind))?.state === 'enabled') return undefined;
      const user = { tenantId: tx.tenantId, userId };
      const secret = kind === 'app' ? newTotpSecret() : undefined;
      const passcode = kind === 'app' ? undefined : secrets.newPasscode();
      const at = now();
      const values = {
        state: 'pending' as const,
        preferred: false,
        secret_sealed: secret === undefined ? null : secrets.seal(user, secret),
        destination: kind === 'sms' ? (destination ?? null) : null,
        last_step: 0,
        code_hmac: passcode === undefined ? null : secrets.passcodeHmac(user, passcode),
        code_expires_at: passcode === undefined ? null : new Date(at.getTime() + passcodeSeconds * 1_000),
        code_attempts: 0,
        updated_at: at,
      };
      await tx.db
        .insertInto('user_mfa')
        .values({ tenant_id: tx.tenantId, user_id: userId, kind, created_at: at, ...values })
        .onConflict((conflict) => conflict.columns(['tenant_id', 'user_id', 'kind']).doUpdateSet(values))
        .execute();
      const first = (await listEnabledFactors(tx, userId)).length === 0;
      const recoveryCodes = first ? await insertRecoveryCodes(tx, secrets, userId, at) : [];
      return {
        secret,
        url: secret === undefined ? undefined : totpUrl(secret, { issuer, account }),
        passcode,
        recoveryCodes,
      };
    },

    async verify(tx: DirectoryTx, userId: string, kind: MfaKind, passcode: string) {
      if (!(await lockUser(tx, userId))) return false;
      const row = await rowOf(tx, userId, kind);
      if (row === undefined || row.state === 'enabled' || row.code_attempts >= attemptsMax) return false;
      const user = { tenantId: tx.tenantId, userId };
      const at = now();
      let step = 0;
      let right: boolean;
      if (row.secret_sealed !== null) {
        step = matchingStep(secrets.open(user, row.secret_sealed), passcode, at) ?? 0;
        right = step > row.last_step;
      } else {
        const live = row.code_expires_at !== null && new Date(row.code_expires_at) > at;
        right = live && secrets.equal(row.code_hmac, secrets.passcodeHmac(user, passcode));
      }
      await update(tx, userId, kind)
        .set(
          right
            ? { state: 'verified', last_step: step, code_hmac: null, updated_at: at }
            : { code_attempts: row.code_attempts + 1, updated_at: at },
        )
        .execute();
      return right;
    },

    async enable(tx: DirectoryTx, userId: string, kind: MfaKind, recoveryCode: string) {
      if (!(await lockUser(tx, userId))) return false;
      if ((await rowOf(tx, userId, kind))?.state !== 'verified') return false;
      const hmac = secrets.recoveryHmac({ tenantId: tx.tenantId, userId }, recoveryCode);
      const kept = await tx.db
        .selectFrom('recovery_code')
        .select('user_id')
        .where('tenant_id', '=', tx.tenantId)
        .where('user_id', '=', userId)
        .where('code_hmac', '=', hmac)
        .where('used_at', 'is', null)
        .executeTakeFirst();
      if (kept === undefined) return false;
      const preferred = (await listEnabledFactors(tx, userId)).length === 0;
      await update(tx, userId, kind).set({ state: 'enabled', preferred, updated_at: now() }).execute();
      await endHalfDoneLogins(tx, userId, now());
      return true;
    },

    async prefer(tx: DirectoryTx, userId: string, kind: MfaKind) {
      if (!(await lockUser(tx, userId))) return false;
      if ((await rowOf(tx, userId, kind))?.state !== 'enabled') return false;
      await update(tx, userId).set({ preferred: false }).execute();
      await update(tx, userId, kind).set({ preferred: true }).execute();
      return true;
    },

    async disable(tx: DirectoryTx, userId: string, kind?: MfaKind) {
      if (!(await lockUser(tx, userId))) return;
      const rows = tx.db.deleteFrom('user_mfa').where('tenant_id', '=', tx.tenantId).where('user_id', '=', userId);
      await (kind === undefined ? rows : rows.where('kind', '=', kind)).execute();
      const left = await listEnabledFactors(tx, userId);
      const next = left.find(({ preferred }) => preferred) ?? left[0];
      if (next !== undefined) await update(tx, userId, next.kind).set({ preferred: true }).execute();
      else
        await tx.db
          .deleteFrom('recovery_code')
          .where('tenant_id', '=', tx.tenantId)
          .where('user_id', '=', userId)
          .execute();
      await endHalfDoneLogins(tx, userId, now());
    },
  });
}
