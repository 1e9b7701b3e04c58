import type { MfaKind } from '../tokens/session-tables.js';

export interface PasswordStep {
  readonly step: 'password';
  readonly action: string;
  readonly clientName: string;
  readonly username: string;
  /** Where a forgotten password is replaced; undefined: nowhere here. */
  readonly resetUrl: string | undefined;
  readonly problem: string | undefined;
}

export interface CodeStep {
  readonly step: 'code';
  readonly action: string;
  readonly mfaToken: string;
  readonly mfaTypes: readonly MfaKind[];
  readonly chosen: MfaKind;
  readonly problem: string | undefined;
  /** What has just happened, e.g. that a code was sent. */
  readonly notice: string | undefined;
}

/** No script, nothing from elsewhere; forms go to ourselves and from there to the client. */
export function pageHeaders(clientOrigins: readonly string[]): Record<string, string> {
  const targets = ["'self'", ...clientOrigins].join(' ');
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; form-action ${targets}; base-uri 'none'; frame-ancestors 'none'`,
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}

const kindNames: Record<MfaKind, string> = { app: 'Authenticator app', email: 'E-mail', sms: 'SMS' };

export function renderLoginPage(page: PasswordStep | CodeStep): string {
  return page.step === 'password' ? renderPasswordStep(page) : renderCodeStep(page);
}

function renderPasswordStep({ action, clientName, username, resetUrl, problem }: PasswordStep): string {
  return layout(
    'Sign in',
    `<p>to continue to <strong>${escapeHtml(clientName)}</strong></p>
${alert(problem)}
<form method="post" action="${escapeHtml(action)}">
<label for="username">User name</label>
<input id="username" name="username" value="${escapeHtml(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="256"${username === '' ? ` autofocus${describedBy(problem)}` : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"${username === '' ? '' : ' autofocus'}${describedBy(problem)}>
<button name="step" value="password">Sign in</button>
</form>
${resetUrl === undefined ? '' : `<p><a href="${escapeHtml(resetUrl)}">Forgot your password?</a></p>`}`,
    problem,
  );
}

function renderCodeStep({ action, mfaToken, mfaTypes, chosen, problem, notice }: CodeStep): string {
  const options = mfaTypes
    .map(
      (kind) =>
        `<label class="choice"><input type="radio" name="mfaType" value="${kind}"${kind === chosen ? ' checked' : ''}> ${kindNames[kind]}</label>`,
    )
    .join('\n');
  const send = mfaTypes.some((kind) => kind !== 'app')
    ? '<button class="second" name="step" value="send" formnovalidate>Send a code</button>'
    : '';
  return layout(
    'Second step',
    `${alert(problem)}${notice === undefined ? '' : `<p role="status">${escapeHtml(notice)}</p>`}
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="mfaToken" value="${escapeHtml(mfaToken)}">
<input type="hidden" name="offered" value="${escapeHtml(mfaTypes.join(' '))}">
<fieldset><legend>Where the code is from</legend>
${options}
</fieldset>
<label for="code">Code, or a recovery code</label>
<input id="code" name="code" inputmode="text" autocomplete="one-time-code" required maxlength="64" autofocus${describedBy(problem)}>
<button name="step" value="code">Continue</button>
${send}
</form>`,
    problem,
  );
}

/** What oidc-provider refuses before it knows where to send the browser back to. */
export function renderErrorPage(description: string): string {
  return layout('This did not work', `${alert(description)}<p>Go back to the application and begin again.</p>`);
}

export function alert(problem: string | undefined): string {
  return problem === undefined ? '' : `<p role="alert" id="problem">${escapeHtml(problem)}</p>`;
}

/** For the field that has the focus: a reader that came with the page says what is wrong together with it. */
export function describedBy(problem: string | undefined, also = ''): string {
  const ids = [problem === undefined ? '' : 'problem', also].filter(Boolean).join(' ');
  return `${ids === '' ? '' : ` aria-describedby="${ids}"`}${problem === undefined ? '' : ' aria-invalid="true"'}`;
}

export function layout(title: string, body: string, problem?: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${problem === undefined ? '' : 'Error: '}${title} · Cofferdam</title>
<style>
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}
main{max-width:22rem;margin:10vh auto;padding:2rem;background:#fff;border:1px solid #d0d5db;border-radius:.5rem}
h1{font-size:1.4rem;margin:0 0 1rem}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
label.choice{font-weight:400;margin:.25rem 0}
fieldset{border:1px solid #d0d5db;border-radius:.25rem}
input:not([type=radio]){width:100%;box-sizing:border-box;padding:.6rem;font:inherit;border:1px solid #6b7682;border-radius:.25rem}
button{width:100%;margin-top:1.25rem;padding:.7rem;font:inherit;font-weight:600;color:#fff;background:#0b5cad;border:0;border-radius:.25rem;cursor:pointer}
button.second{color:#0b5cad;background:#fff;border:1px solid #0b5cad}
a{color:#0b5cad}
:focus-visible{outline:3px solid #f0a500;outline-offset:2px}
[role=alert]{padding:.6rem;border-left:4px solid #b3261e;background:#fdecea;color:#7a1a14}
[role=status]{padding:.6rem;border-left:4px solid #2e7d32;background:#edf7ee}
@media (prefers-color-scheme:dark){body{background:#14171a;color:#e8eaed}main{background:#1e2226;border-color:#3a4149}input:not([type=radio]){background:#14171a;color:inherit}[role=alert]{background:#3b1513;color:#ffdad6}[role=status]{background:#16301a}a{color:#8ec5ff}button.second{background:transparent;color:#8ec5ff;border-color:#8ec5ff}}
</style>
</head>
<body><main>
<h1>${title}</h1>
${body}
</main></body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
