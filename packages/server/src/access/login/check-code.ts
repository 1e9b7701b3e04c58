import type { DirectoryTx } from '../directory/with-directory.js';
import type { MfaSecrets } from '../mfa/mfa-secrets.js';
import { listEnabledFactors, type MfaSession, setLastStep, spendRecoveryCode } from '../mfa/mfa-store.js';
import { matchingStep } from '../mfa/totp.js';
import type { MfaKind } from '../tokens/session-tables.js';

/** Exactly one of the two codes is given. */
export interface ShownCode {
  readonly mfaType: MfaKind;
  readonly passcode: string | undefined;
  readonly recoveryCode: string | undefined;
}

/** Whether the code opens this session; it is used up if it does. The person must be locked (`lockMfaSession`). */
export async function checkCode(
  tx: DirectoryTx,
  secrets: MfaSecrets,
  session: MfaSession,
  { mfaType, passcode, recoveryCode }: ShownCode,
  now: Date,
): Promise<boolean> {
  const user = { tenantId: tx.tenantId, userId: session.userId };
  const factor = (await listEnabledFactors(tx, session.userId)).find(({ kind }) => kind === mfaType);
  if (factor === undefined) return false;
  if (recoveryCode !== undefined)
    return spendRecoveryCode(tx, session.userId, secrets.recoveryHmac(user, recoveryCode), now);
  if (passcode === undefined) return false;
  if (mfaType !== 'app')
    return session.codeKind === mfaType && secrets.equal(session.codeHmac, secrets.passcodeHmac(user, passcode));
  if (factor.secretSealed === null) return false;
  const step = matchingStep(secrets.open(user, factor.secretSealed), passcode, now);
  if (step === undefined || step <= factor.lastStep) return false;
  await setLastStep(tx, session.userId, step);
  return true;
}
