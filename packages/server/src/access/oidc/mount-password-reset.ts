import type { FastifyInstance, FastifyReply } from 'fastify';
import { AccessError } from '../access-errors.js';
import type { PasswordReset } from '../login/password-reset.js';
import { pageHeaders } from './login-page.js';
import { type PasswordResetPage, renderPasswordResetPage } from './password-reset-page.js';

export const passwordResetPageUrl = '/oidc/password-reset';

export function passwordResetPage(clientId: string): string {
  return `${passwordResetPageUrl}?${new URLSearchParams({ client_id: clientId })}`;
}

/**
 * The pages on which a forgotten password is replaced. They need no cookie: asking is free to everybody, and the code from the
 * mail is the proof. The code is typed in rather than followed, so that it stands in no address, history or log.
 */
export function mountPasswordReset(app: FastifyInstance, reset: PasswordReset): void {
  const sendPage = (reply: FastifyReply, status: number, page: PasswordResetPage) =>
    reply.code(status).headers(pageHeaders([])).send(renderPasswordResetPage(page));

  app.route({
    method: ['GET', 'POST'],
    url: passwordResetPageUrl,
    config: { takesBody: true, bodyType: 'form' },
    bodyLimit: 16 * 1024,
    async handler(request, reply) {
      const { client_id: named } = request.query as { client_id?: unknown };
      const clientId = typeof named === 'string' && /^[\w-]{1,128}$/.test(named) ? named : undefined;
      const action = clientId === undefined ? passwordResetPageUrl : passwordResetPage(clientId);
      const form = request.method === 'POST' ? ((request.body ?? {}) as Record<string, string>) : undefined;
      const step = form?.['step'] === 'code' ? 'code' : 'ask';
      try {
        if (form === undefined) return await sendPage(reply, 200, { step, action, problem: undefined });
        const { username = '', code = '', newPassword = '' } = form;
        if (step === 'ask') {
          reset.request({ username: username.slice(0, 256), clientId }, request.ip);
          return await sendPage(reply, 200, { step: 'code', action, problem: undefined });
        }
        await reset.complete({ resetToken: code.replace(/\s/g, ''), newPassword }, request.ip);
        return await sendPage(reply, 200, { step: 'done' });
      } catch (error) {
        if (!(error instanceof AccessError)) throw error;
        return await sendPage(reply, error.status, { step, action, problem: error.info.message });
      }
    },
  });
}
