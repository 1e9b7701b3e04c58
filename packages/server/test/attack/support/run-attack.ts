import { seeded } from '../../isolation/support/seeded.js';
import { accessFamilies } from './access-families.js';
import type { Battlefield, Party } from './battlefield.js';
import { type Family, type Hostile, type Listener, type Random, textOf } from './hostile.js';
import { ledgerFamilies } from './ledger-families.js';
import { tokenFamilies } from './token-families.js';
import { Wire, type WireAnswer } from './wire.js';

export interface AttackOptions {
  readonly requests: number;
  /** No family gets less than this. */
  readonly familyMin: number;
  readonly seed: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Something of another tenant was seen, or a tenant's own was not. */
export interface Leak {
  readonly threat: string;
  readonly request: string;
  readonly answer: string;
  readonly found: string;
}

export interface AttackReport {
  readonly sent: number;
  /** Threat → requests that were answered. */
  readonly byFamily: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly leaks: readonly Leak[];
  /** Answers that are no leak and not one of those expected. */
  readonly unexpected: readonly Leak[];
  readonly seconds: number;
}

const connections = 12;
const depth = 4;
const kept = 20;

export async function allFamilies(field: Battlefield): Promise<readonly Family[]> {
  return [...(await tokenFamilies(field)), ...(await ledgerFamilies(field)), ...accessFamilies()];
}

/** Sends hostile requests of every family, the order drawn from the seed, and looks at every byte that comes back. */
export async function runAttack(
  field: Battlefield,
  families: readonly Family[],
  callers: readonly Party[],
  options: AttackOptions,
): Promise<AttackReport> {
  const start = performance.now();
  const random = seeded(options.seed);
  const plan = schedule(families, options, random);
  const { urls } = field.world.server.running;
  const portOf = (listener: Listener) => Number(new URL(urls[listener]).port);
  const judge = createJudge(field);
  const byFamily: Record<string, number> = {};
  const byStatus: Record<string, number> = {};
  const leaks: Leak[] = [];
  const unexpected: Leak[] = [];
  let next = 0;
  let done = 0;

  const one = async (wires: Readonly<Record<Listener, Wire>>): Promise<void> => {
    const family = plan[next++] as Family;
    const caller = random.pick(callers);
    const request = family.make(random, caller, random.pick(field.victims));
    const text = textOf(request);
    const answer = await ask(wires[request.listener], portOf(request.listener), text, request.method === 'HEAD');
    byFamily[family.threat] = (byFamily[family.threat] ?? 0) + 1;
    byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1;
    const { leak, odd } = judge(caller, request, text, answer);
    const found = leak ?? odd;
    if (found !== undefined) {
      const seen = {
        threat: family.threat,
        request: text.slice(0, 1_500),
        answer: `${answer.status} ${answer.body}`.slice(0, 1_500),
        found,
      };
      const list = leak === undefined ? unexpected : leaks;
      if (list.length < kept || leak !== undefined) list.push(seen);
    }
    done += 1;
    if (done % 5_000 === 0) options.onProgress?.(done, plan.length);
  };

  const wires = Array.from({ length: connections }, () => ({
    ledger: new Wire(portOf('ledger')),
    access: new Wire(portOf('access')),
    tenants: new Wire(portOf('tenants')),
  }));
  const worker = async (own: (typeof wires)[number]) => {
    while (next < plan.length) await one(own);
  };
  await Promise.all(wires.flatMap((own) => Array.from({ length: depth }, () => worker(own))));
  for (const own of wires) for (const wire of Object.values(own)) wire.close();
  return { sent: done, byFamily, byStatus, leaks, unexpected, seconds: (performance.now() - start) / 1_000 };
}

/** Some refusals end the connection, and what was sent behind them is lost with it: that is asked again, alone. */
async function ask(wire: Wire, port: number, text: string, isHead: boolean): Promise<WireAnswer> {
  const answer = await wire.send(text, isHead);
  if (answer.status !== 0) return answer;
  const alone = new Wire(port);
  try {
    return await alone.send(text, isHead);
  } finally {
    alone.close();
  }
}

/** The minimum for each, the rest by weight, in random order. */
function schedule(families: readonly Family[], { requests, familyMin }: AttackOptions, random: Random): Family[] {
  const weights = families.reduce((sum, { weight }) => sum + weight, 0);
  const rest = Math.max(0, requests - familyMin * families.length);
  const plan = families.flatMap((family) =>
    Array<Family>(familyMin + Math.ceil((rest * family.weight) / weights)).fill(family),
  );
  for (let at = plan.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [plan[at], plan[other]] = [plan[other] as Family, plan[at] as Family];
  }
  return plan;
}

/** What gives any tenant away; a word that the request itself sent may come back. Markers of others never may. */
function createJudge({ attackers, victims, crossed }: Battlefield) {
  const parties = [...attackers, ...victims, crossed];
  const owner = new Map(parties.flatMap((party) => party.secrets.map((secret) => [secret, party] as const)));
  const any = new RegExp([...owner.keys()].map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
  return (caller: Party, request: Hostile, text: string, { status, head, body }: WireAnswer) => {
    for (const [secret] of `${head}\n${body}`.matchAll(any)) {
      if (owner.get(secret) === caller || text.includes(secret) || text.includes(encodeURIComponent(secret))) continue;
      return { leak: `${secret} of ${owner.get(secret)?.name}` };
    }
    const wrong = request.judge?.(status, body);
    if (wrong !== undefined) return { leak: wrong };
    if (request.expected.includes(status)) return {};
    // A batch answers 200 and tells of each entry: here none may have been posted.
    if (status === 200 && request.path.endsWith('/batch') && body.includes('"succeeded":0')) return {};
    return { odd: `status ${status}, expected ${request.expected.join(', ')}` };
  };
}
