import type { IncomingMessage } from 'node:http';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type Provider from 'oidc-provider';
import { AccessError } from '../access-errors.js';
import type { FailureLimiter } from '../login/failure-limiter.js';
import { sourceOf } from '../login/source-of.js';
import { findTenantOfLogin } from '../login/tenant-of-login.js';
import { isOfMode } from '../reserved-tenants.js';
import { type AuthorizationLogin, answerStep } from './answer-step.js';
import { pageHeaders, renderErrorPage, renderLoginPage } from './login-page.js';
import { passwordResetPage } from './mount-password-reset.js';
import { createTenantProvider, pathOfTenant, type TenantProviderOptions } from './tenant-provider.js';

export interface AuthorizationOptions extends TenantProviderOptions {
  readonly multiTenant: boolean;
  readonly login: AuthorizationLogin;
  readonly offersPasswordReset: boolean;
  /** By address: each login that is begun leaves rows for ten minutes, whoever begins it. */
  readonly beginners: FailureLimiter;
  /** Clears away what began and never ended. */
  readonly onBegun: (tenantId: TenantId) => void;
}

export const authorizationUrl = '/oidc/auth';
/** Providers kept in memory: each holds some compiled configuration, and nothing that would be lost with it. */
const providersMax = 100;

/**
 * The authorization endpoint and its login page. `GET /oidc/auth?client_id=…` finds the tenant of the client and hands the
 * request to that tenant's oidc-provider; the steps after it carry the tenant in their path. Nothing else of
 * oidc-provider is reachable.
 */
export function mountAuthorization(app: FastifyInstance, options: AuthorizationOptions): void {
  const { store, multiTenant, login, offersPasswordReset, beginners, onBegun } = options;
  const providers = new LRUCache<TenantId, Promise<Provider>>({ max: providersMax });

  function providerOf(tenantId: TenantId): Promise<Provider> {
    const known = providers.get(tenantId);
    if (known !== undefined) return known;
    const made = createTenantProvider(tenantId, options);
    providers.set(tenantId, made);
    made.catch(() => providers.delete(tenantId));
    return made;
  }

  function tenantOfPath(request: FastifyRequest): TenantId {
    const { tenant = '' } = request.params as { tenant?: string };
    const tenantId = canonicalTenantId(tenant);
    if (tenantId !== tenant || !isOfMode(tenantId, multiTenant))
      throw new AccessError('route_not_found', { message: 'There is no such page.' });
    return tenantId;
  }

  async function handOver(tenantId: TenantId, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const provider = await providerOf(tenantId);
    const raw: IncomingMessage & { originalUrl?: string } = request.raw;
    const inside = (raw.url ?? '').replace(/^\/oidc\/(?:[^/]+\/(?=auth\/))?/, '/');
    raw.originalUrl = pathOfTenant(tenantId) + inside;
    raw.url = inside;
    reply.hijack();
    for (const [name, value] of Object.entries(pageHeaders([]))) reply.raw.setHeader(name, value);
    await provider.callback()(raw, reply.raw);
  }

  const sendPage = (reply: FastifyReply, status: number, html: string, origins: readonly string[] = []) =>
    reply.code(status).headers(pageHeaders(origins)).send(html);

  app.get(authorizationUrl, async (request, reply) => {
    try {
      beginners.check(sourceOf(request.ip));
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      const wait = { 'retry-after': String(error.info.retryAfterSeconds ?? 60) };
      return sendPage(reply.headers(wait), error.status, renderErrorPage(error.info.message));
    }
    beginners.countFailure(sourceOf(request.ip));
    const { client_id: clientId, response_mode: mode = 'query' } = request.query as Record<string, string | undefined>;
    const tenantId = clientId ? await findTenantOfLogin(store, clientId, multiTenant) : undefined;
    if (tenantId === undefined) return sendPage(reply, 400, renderErrorPage('The application is not known here.'));
    // The others need a script of the page, or put the code where it stays in histories.
    if (mode !== 'query') return sendPage(reply, 400, renderErrorPage('response_mode must be query.'));
    onBegun(tenantId);
    await handOver(tenantId, request, reply);
    return reply;
  });

  app.get('/oidc/:tenant/auth/:uid', async (request, reply) => {
    await handOver(tenantOfPath(request), request, reply);
    return reply;
  });

  app.route({
    method: ['GET', 'POST'],
    url: '/oidc/:tenant/login/:uid',
    config: { takesBody: true, bodyType: 'form' },
    bodyLimit: 16 * 1024,
    async handler(request, reply) {
      const tenantId = tenantOfPath(request);
      const provider = await providerOf(tenantId);
      const interaction = await provider.interactionDetails(request.raw, reply.raw).catch(() => undefined);
      const { uid } = request.params as { uid: string };
      if (interaction === undefined || interaction.uid !== uid)
        return sendPage(reply, 400, renderErrorPage('This login has expired or was begun in another browser.'));
      const { client_id: clientId, redirect_uri: redirectUri, login_hint: hint } = interaction.params;
      const client = await provider.Client.find(String(clientId));
      if (client === undefined) return sendPage(reply, 400, renderErrorPage('The application is not known here.'));
      const origins = typeof redirectUri === 'string' ? [new URL(redirectUri).origin] : [];
      const page = { action: `${pathOfTenant(tenantId)}/login/${uid}`, clientName: client.clientName ?? 'application' };
      const form = request.method === 'POST' ? ((request.body ?? {}) as Record<string, string>) : undefined;
      const outcome = await answerStep(login, form, {
        ...page,
        tenantId,
        clientId: client.clientId,
        resetUrl: offersPasswordReset ? passwordResetPage(client.clientId) : undefined,
        username: typeof hint === 'string' ? hint.slice(0, 256) : '',
        address: request.ip,
      });
      if ('page' in outcome) return sendPage(reply, outcome.status, renderLoginPage(outcome.page), origins);
      const returnTo = await provider.interactionResult(request.raw, reply.raw, {
        login: { accountId: outcome.authenticated, remember: false },
      });
      // The path alone: behind a proxy the provider may have taken another host for ours.
      const { pathname } = new URL(returnTo, 'http://here');
      return reply.code(303).headers(pageHeaders(origins)).header('location', pathname).send();
    },
  });
}
