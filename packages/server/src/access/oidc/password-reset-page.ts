import { alert, describedBy, escapeHtml, layout } from './login-page.js';

export type PasswordResetPage =
  | { readonly step: 'ask' | 'code'; readonly action: string; readonly problem: string | undefined }
  | { readonly step: 'done' };

/** Where a forgotten password is replaced: who it is, then the code from the mail. No script, as the login page. */
export function renderPasswordResetPage(page: PasswordResetPage): string {
  if (page.step === 'done')
    return layout(
      'Your password is changed',
      '<p role="status">You are signed out everywhere.</p><p>Go back to the application and sign in with the new password.</p>',
    );
  const { step, action, problem } = page;
  const form = (fields: string) => `<form method="post" action="${escapeHtml(action)}">\n${fields}\n</form>`;
  if (step === 'ask')
    return layout(
      'Forgot your password?',
      `<p>A code goes to the e-mail address that your organization has of you.</p>
${alert(problem)}
${form(`<label for="username">User name or e-mail</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="256" autofocus${describedBy(problem)}>
<button name="step" value="ask">Send the code</button>`)}`,
      problem,
    );
  return layout(
    'Choose a new password',
    `<p role="status">If there is such a user, a code is on its way by e-mail.</p>
${alert(problem)}
${form(`<label for="code">Code from the e-mail</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required maxlength="512" autofocus${describedBy(problem)}>
<label for="newPassword">New password</label>
<input id="newPassword" name="newPassword" type="password" autocomplete="new-password" required maxlength="1024" aria-describedby="policy">
<p id="policy">At least 12 characters, with upper and lower case, a digit and a special character.</p>
<button name="step" value="code">Change the password</button>`)}`,
    problem,
  );
}
