import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { tool } from './tool.js';

// biome-ignore lint/suspicious/noExplicitAny: manifests as they are
type Manifest = any;

const chart = 'deploy/helm/cofferdam';
const folder = mkdtempSync(join(tmpdir(), 'cofferdam-chart-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const render = (...options: string[]): Promise<string> =>
  tool('helm', 'template', 'demo', chart, '--namespace', 'books', '--kube-version', '1.31.0', ...options);
const issuer = ['--set', 'access.publicUrl=https://auth.example.com'];
const documents = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);

describe.each(['single', 'multi', 'split'])('mode %s', (mode) => {
  const values = ['--values', `${chart}/ci/${mode}.yaml`];

  test('passes helm lint, and Kubernetes knows every field of what is rendered', async () => {
    await tool('helm', 'lint', '--strict', chart, ...values);
    const file = join(folder, `${mode}.yaml`);
    // Its kind is the Prometheus operator's, not of Kubernetes.
    const known = documents(await render(...values)).filter(({ kind }) => kind !== 'ServiceMonitor');
    writeFileSync(file, known.map((manifest) => JSON.stringify(manifest)).join('\n---\n'));
    expect(await tool('kubernetes-validate', '--strict', file)).not.toMatch(/WARN|ERROR/);
  });

  test('every pod runs as an ordinary user on a read-only root, and is told its secrets by reference', async () => {
    const pods = documents(await render(...values)).filter(({ spec }) => spec?.template?.spec?.containers);
    expect(pods.length).toBeGreaterThan(1);
    for (const { spec } of pods) {
      const pod = spec.template.spec;
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      });
      const [container] = pod.containers;
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      for (const { name } of container.env) expect(name).not.toMatch(/DATABASE_URL|KEY/);
    }
  });

  test('the operators’ port is behind no ingress and on no service that leaves the cluster', async () => {
    const all = documents(await render(...values, '--set', 'service.type=LoadBalancer,auth.enabled=true', ...issuer));
    for (const { spec } of all.filter(({ kind }) => kind === 'Service' || kind === 'Ingress')) {
      const ports = spec.ports?.map(({ port }: Manifest) => port) ?? [];
      if (ports.includes(4003)) expect(spec.type).toBe('ClusterIP');
      expect(JSON.stringify(spec.rules ?? [])).not.toContain('operators');
    }
    const policy = all.find(({ kind }) => kind === 'NetworkPolicy');
    for (const rule of policy.spec.ingress)
      if (rule.ports.some(({ port }: Manifest) => port === 4003)) expect(rule.from.length).toBeGreaterThan(0);
  });

  test('an upgrade takes no pod away before its successor serves', async () => {
    for (const { kind, spec } of documents(await render(...values))) {
      if (kind !== 'Deployment') continue;
      expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
      const [container] = spec.template.spec.containers;
      expect(container.readinessProbe.httpGet.path).toMatch(/readyz|health/);
      expect(container.env).toContainEqual({ name: 'SHUTDOWN_DELAY_SECONDS', value: '5' });
    }
  });
});

test('split: an administrative login is held by the tenants part and the migration alone', async () => {
  const holders = documents(await render('--values', `${chart}/ci/split.yaml`))
    .filter(({ spec }) => spec?.template?.spec?.containers?.[0]?.envFrom?.[0]?.secretRef?.name === 'cofferdam-admin')
    .map(({ metadata }) => metadata.name);
  expect(holders.sort()).toEqual(['demo-migrate', 'demo-tenants']);
});

test('an open ledger that was asked for is rendered; the delay is as long as the balancer needs', async () => {
  const text = await render('--set', 'service.type=LoadBalancer,auth.enabled=false,shutdownDelaySeconds=20');
  expect(text).toContain('name: SHUTDOWN_DELAY_SECONDS, value: "20"');
});

test.each([
  ['many tenants without the address of the Access Manager', ['--set', 'mode=multi'], /access\.publicUrl/],
  ['a mode that does not exist', ['--set', 'mode=cluster'], /mode/],
  ['a misspelt value', ['--set', 'replica.all=3'], /replica/],
  ['an issuer without TLS', ['--set', 'mode=multi,access.publicUrl=http://auth.example.com'], /publicUrl/],
  ['a secret among the values', ['--set', 'env.DATABASE_URL=postgres://a:b@c/d'], /env\.DATABASE_URL holds a secret/],
  ['a mail server with its password', ['--set', 'env.SMTP_URL=smtps://a:b@c'], /env\.SMTP_URL holds a secret/],
  ['what the mode decides, decided otherwise', ['--set', 'env.PLUGIN_AUTH_ENABLED=false'], /set by this chart/],
  ['a variable that no shell could set', ['--set', 'env.retention-days=3'], /env/],
  ['an open ledger behind an ingress', ['--set', 'ingress.enabled=true,ingress.ledgerHost=a.example'], /auth\.enabled/],
  ['an open ledger behind a load balancer', ['--set', 'service.type=LoadBalancer'], /auth\.enabled/],
  ['metrics that nobody may fetch', ['--set', 'serviceMonitor.enabled=true'], /metricsFrom/],
  ['an end before requests have ended', ['--set', 'shutdownDelaySeconds=60'], /terminationGracePeriodSeconds/],
])('%s is refused with its name', async (_what, options, message) => {
  await expect(render(...options)).rejects.toThrow(message);
});
