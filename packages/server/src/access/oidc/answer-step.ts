import type { TenantId } from '@cofferdam/core';
import { AccessError } from '../access-errors.js';
import type { Login, MfaChallenge } from '../login/login.js';
import type { SecondFactor } from '../login/second-factor.js';
import type { MfaKind } from '../tokens/session-tables.js';
import type { CodeStep, PasswordStep } from './login-page.js';

/** The logins that the page is a face of. */
export interface AuthorizationLogin {
  readonly login: Login;
  readonly secondFactor: SecondFactor;
}

export interface StepContext {
  readonly action: string;
  readonly clientName: string;
  readonly tenantId: TenantId;
  readonly clientId: string;
  /** What stands in the field at first. */
  readonly username: string;
  readonly resetUrl: string | undefined;
  readonly address: string;
}

export type StepOutcome =
  | { readonly page: PasswordStep | CodeStep; readonly status: number }
  /** The user id. */
  | { readonly authenticated: string };

const kinds: readonly string[] = ['app', 'email', 'sms'];

/** One answer to the login page: the page again, the next step, or who it is. `form` undefined: the page is opened. */
export async function answerStep(
  { login, secondFactor }: AuthorizationLogin,
  form: Readonly<Record<string, string>> | undefined,
  context: StepContext,
): Promise<StepOutcome> {
  const { action, clientName, resetUrl, tenantId, clientId, address } = context;
  const passwordPage = (status: number, username: string, problem?: string): StepOutcome => ({
    status,
    page: { step: 'password', action, clientName, username, resetUrl, problem },
  });
  if (form === undefined) return passwordPage(200, context.username);
  const { step, username = '', password = '', mfaToken = '', code = '' } = form;

  if (step !== 'code' && step !== 'send') {
    try {
      const request = { grant: 'password', username, password, clientId, clientSecret: undefined } as const;
      const answer = await login({ ...request, deviceToken: undefined, forAuthorization: true }, address);
      if ('authenticated' in answer) return answer;
      if ('mfaToken' in answer) return { status: 200, page: firstCodePage(action, answer) };
      throw new Error('a login for an authorization has no tokens');
    } catch (error) {
      const [status, problem] = told(error, 'The user name or the password is not right.');
      return passwordPage(status, username, problem);
    }
  }

  const chosen = (kinds.includes(form['mfaType'] ?? '') ? form['mfaType'] : 'app') as MfaKind;
  const mfaTypes = (form['offered'] ?? chosen).split(' ').filter((kind): kind is MfaKind => kinds.includes(kind));
  const codePage = (status: number, problem?: string, notice?: string): StepOutcome => ({
    status,
    page: { step: 'code', action, mfaToken, mfaTypes, chosen, problem, notice },
  });
  try {
    if (step === 'send') {
      await secondFactor.challenge({ mfaToken, mfaType: chosen }, address);
      return codePage(200, undefined, chosen === 'app' ? 'The app shows the code.' : 'A code has been sent.');
    }
    const spoken = code.replace(/\s/g, '');
    const shown = /^\d{6}$/.test(spoken)
      ? { passcode: spoken, recoveryCode: undefined }
      : { passcode: undefined, recoveryCode: code };
    return await secondFactor.authenticate({ mfaToken, mfaType: chosen, ...shown }, { tenantId, clientId }, address);
  } catch (error) {
    const [status, problem] = told(error, 'The code is not right, or was used before.');
    const over = error instanceof AccessError && error.reasonName === 'mfa_token_invalid';
    return over ? passwordPage(status, '', problem) : codePage(status, problem);
  }
}

function firstCodePage(action: string, { mfaToken, mfaTypes, preferredType }: MfaChallenge): CodeStep {
  return { step: 'code', action, mfaToken, mfaTypes, chosen: preferredType, problem: undefined, notice: undefined };
}

/** Status and sentence for a person; whatever is not expected goes on to the error handler. */
export function told(error: unknown, wrong: string): [number, string] {
  if (!(error instanceof AccessError)) throw error;
  const isWrong = error.reasonName === 'bad_credentials' || error.reasonName === 'mfa_code_wrong';
  return [error.status, isWrong ? wrong : error.info.message];
}
