import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { encode, signWith, takeApart } from '../../isolation/support/real-key.js';
import { isWriting, pathOf, routeTable } from '../../isolation/support/route-table.js';
import { type Battlefield, claimsOf, type Party } from './battlefield.js';
import { type Family, type Hostile, type Random, unauthorized } from './hostile.js';

const routes = routeTable();

/** Any route with the victim's ids and this token: only the token can refuse it. */
function anyRoute(
  random: Random,
  { books }: Party,
  token: string | undefined,
  headers: readonly string[] = [],
): Hostile {
  const route = random.pick(routes);
  const body = route.body && route.requestExample;
  return {
    listener: 'ledger',
    method: route.method,
    path: pathOf(route, books.ids),
    token,
    headers,
    ...(body === undefined ? {} : { body }),
    expected: unauthorized,
  };
}

/** a token that must not be believed, or not for this tenant. */
export async function tokenFamilies(field: Battlefield): Promise<readonly Family[]> {
  const { key, jwk, attackers, victims } = field;
  const strangerRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const strangerEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const hmacSecrets = [
    publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey.export({ type: 'spki', format: 'der' }),
    JSON.stringify(jwk),
    jwk['n'] as string,
  ];
  const now = Math.floor(Date.now() / 1_000);
  const signed = (claims: object, header: object = {}) => signWith(key, claims as never, header);
  const ofAll = async (changes: readonly object[], headers: readonly object[] = [{}]) =>
    Promise.all(
      [...attackers, ...victims].flatMap((party) =>
        changes.flatMap((change) => headers.map((header) => signed({ ...claimsOf(party), ...change }, header))),
      ),
    );

  const wrongIssuer = await ofAll([
    ...['https://evil.example', 'https://access.test/', 'http://access.test', ''].map((iss) => ({ iss })),
    ...['tracer', [], ['midaz', 7], null].map((aud) => ({ aud })),
    ...['staging', 'production', undefined].map((env) => ({ env })),
    ...['refresh', 'id', 'mfa', undefined].map((type) => ({ type })),
  ]);
  const wrongType = await ofAll(
    [{}],
    ['JWT', 'id+jwt', 'rt+jwt', undefined].map((typ) => ({ typ })),
  );
  const wrongTime = await ofAll([
    ...[-61, -3_600, -86_400 * 365].map((age) => ({ exp: now + age - 60 })),
    ...[200_000, 86_400 * 365].map((ahead) => ({ nbf: now + ahead })),
    ...[undefined, null, String(now + 600), 1e300].map((exp) => ({ exp })),
    { iat: now + 200_000 },
  ]);
  const oddIds = await ofAll(
    [...victims, ...attackers]
      .flatMap(({ tenant: { id } }) =>
        [
          `${id}\0`,
          ` ${id}`,
          `${id} `,
          `${id}\n`,
          `{${id}}`,
          `urn:uuid:${id}`,
          `${id},${id}`,
          `t_${id}"`,
          `../${id}`,
        ].map((tenantId) => ({ tenantId })),
      )
      .concat(
        [
          ['x'.repeat(257)],
          ['а'.repeat(32)],
          [null],
          [7],
          [true],
          [[]],
          [{}],
          [''],
          ['%00'],
          ["';drop schema ledger;--"],
        ].map(([tenantId]) => ({ tenantId: tenantId as never })),
      ),
  );
  const manyValues = await ofAll([
    ...victims.map(({ tenant: { id } }) => ({ tenantId: [id] })),
    ...victims.map(({ tenant: { id } }) => ({ tenantId: [attackers[0]?.tenant.id, id] })),
    ...victims.map(({ tenant: { id } }) => ({ tenantId: { id } })),
    ...['TenantId', 'tenant_id', 'tid', 'tenant'].map((name) => ({
      tenantId: undefined,
      [name]: victims[0]?.tenant.id,
    })),
  ]);
  // One subject has no rights in another tenant, whatever signs for it: with the stolen key itself.
  const lookAlike = await ofAll([{ type: 'robot' }, { type: 'admin' }, { type: '' }, { type: ['application'] }]);

  return [
    {
      threat: 'X-01',
      what: 'a payload or signature changed',
      weight: 3,
      make(random, caller, victim) {
        const [head, payload, signature] = caller.token.split('.') as [string, string, string];
        const flip = (text: string) => {
          const at = random.below(text.length - 2);
          return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
        };
        const forged = encode({ ...takeApart(caller.token).claims, tenantId: victim.tenant.id });
        const token = random.pick([
          () => [head, flip(payload), signature],
          () => [head, payload, flip(signature)],
          () => [flip(head), payload, signature],
          () => [head, forged, signature],
          () => [head, payload, victim.token.split('.')[2]],
          () => [head, victim.token.split('.')[1], signature],
        ])();
        return anyRoute(random, victim, token.join('.'));
      },
    },
    {
      threat: 'X-02',
      what: 'unsigned',
      weight: 3,
      make(random, _, victim) {
        const { header, claims, signature } = takeApart(victim.token);
        const alg = random.pick(['none', 'None', 'NONE', 'nOnE', '', 'null']);
        const tail = random.pick(['', '.', `.${signature}`, '.x', '..', '.=']);
        return anyRoute(
          random,
          victim,
          `${encode({ ...header, alg })}.${encode({ ...claims, jti: random.next() })}${tail}`,
        );
      },
    },
    {
      threat: 'X-03',
      what: 'key confusion',
      weight: 3,
      make(random, _, victim) {
        const { header, claims } = takeApart(victim.token);
        const alg = random.pick(['HS256', 'HS384', 'HS512', 'RS256', 'ES256', 'EdDSA', 'PS256']);
        const text = `${encode({ ...header, alg })}.${encode({ ...claims, jti: String(random.next()) })}`;
        const hash = `sha${alg.slice(2)}`;
        const signature = alg.startsWith('HS')
          ? createHmac(hash, random.pick(hmacSecrets)).update(text).digest()
          : sign('sha256', Buffer.from(text), strangerEc.privateKey);
        return anyRoute(random, victim, `${text}.${signature.toString('base64url')}`);
      },
    },
    {
      threat: 'X-04',
      what: 'keys brought along',
      weight: 2,
      make(random, _, victim) {
        const { header, claims } = takeApart(victim.token);
        const own = strangerRsa.publicKey.export({ format: 'jwk' });
        const extra = random.pick<object>([
          { jwk: own },
          { jku: 'http://127.0.0.1:1/keys' },
          { x5u: 'http://127.0.0.1:1/cert' },
          { x5c: ['AAAA'] },
          { kid: random.pick(['../../etc/passwd', "' or 1=1 --", '__proto__', 'constructor', '', '\0', 'toString']) },
          { kid: `unknown-${random.below(1e9)}` },
          { crit: ['exp'], exp: 1 },
        ]);
        const text = `${encode({ ...header, ...extra })}.${encode(claims)}`;
        // A wrong signature of the right length is as good here as one made for each request.
        const signature = Buffer.alloc(256, random.below(256)).toString('base64url');
        return anyRoute(random, victim, `${text}.${signature}`);
      },
    },
    ...[
      ['X-05', 'another issuer, audience, environment or kind of token', [...wrongIssuer, ...wrongType]] as const,
      ['X-06', 'expired or not yet valid', wrongTime] as const,
      ['X-10', 'odd ids', oddIds] as const,
      ['X-35', 'a machine of unknown kind', lookAlike] as const,
    ].map(
      ([threat, what, tokens]): Family => ({
        threat,
        what,
        weight: 2,
        make: (random, _, victim) => anyRoute(random, victim, random.pick(tokens)),
      }),
    ),
    {
      threat: 'X-07',
      what: 'several values for the tenant',
      weight: 2,
      make(random, caller, victim) {
        const bearer = (token: string) => `Authorization: Bearer ${token}`;
        return random.pick([
          () => anyRoute(random, victim, random.pick(manyValues)),
          () => anyRoute(random, victim, caller.token, [`authorization: Bearer ${victim.token}`]),
          () => anyRoute(random, victim, undefined, [bearer(victim.token), bearer(caller.token)]),
          () => anyRoute(random, victim, `${caller.token}, Bearer ${victim.token}`),
          () =>
            anyRoute(random, victim, undefined, [
              `Cookie: access_token=${victim.token}`,
              `X-Access-Token: ${victim.token}`,
            ]),
        ])();
      },
    },
    {
      threat: 'X-09',
      what: 'a way around the guard',
      weight: 3,
      make(random, _, victim) {
        const route = random.pick(routes.filter((one) => !isWriting(one)));
        const path = pathOf(route, victim.books.ids);
        const spelled = random.pick([
          () => path,
          () => path.replace('/v1/', '/v1//'),
          () => `/health/..${path}`,
          () => `/health/%2e%2e${path}`,
          () => `/docs/..${path}`,
          () => `${path}/`,
          () => path.toUpperCase(),
          () => path.replace('organizations', '%6frganizations'),
          () => `${path};jsessionid=1`,
          () => `${path}%3fhealth`,
          () => `${path}?health`,
          () => `/openapi.json/..${path}`,
          () => `http://127.0.0.1${path}`,
        ])();
        const headers = random.pick<string[]>([
          [],
          [`X-Original-URL: ${path}`],
          [`X-Rewrite-URL: ${path}`],
          ['X-Forwarded-User: admin'],
          ['X-HTTP-Method-Override: GET'],
          ['Authorization: Basic YWRtaW46YWRtaW4='],
          ['Authorization: Bearer'],
        ]);
        return {
          listener: 'ledger',
          method: random.pick(['GET', 'GET', 'HEAD', 'OPTIONS']),
          path: spelled,
          headers,
          expected: [204, 400, 401, 403, 404, 405],
        };
      },
    },
  ];
}
