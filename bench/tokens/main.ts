import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { median, ratioByRound, readable } from '../measure/statistics.js';
import { manyTokens, measurePosting, measureTokens, measureUnderLogins } from './measure.js';
import { openTokenStage } from './stage.js';

const help = `npm run bench:tokens -- [options]

What tokens cost: client_credentials at both faces of the token endpoint; posting with one token and with many distinct ones
against posting without any; the p99 of posting while people log in with passwords (argon2) in the same process. Starts a
PostgreSQL and two servers of its own; phases take turns, ratios are the median of the rounds' own. Under a minute.

  --rounds N        default 3
  --seconds S       measured seconds of each phase (default 2)
  --tokens N        distinct tokens (default 1000)
  --json FILE       the figures for programs
  --help            this text
`;
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '1000' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else await run(positive('rounds'), positive('seconds'), positive('tokens'));

function positive(name: 'rounds' | 'seconds' | 'tokens'): number {
  const number = Number(values[name]);
  if (!(number > 0) || (name !== 'seconds' && !Number.isSafeInteger(number)))
    throw new RangeError(`--${name} is ${values[name]}: give a number above 0`);
  return number;
}

async function run(rounds: number, seconds: number, count: number): Promise<void> {
  const stage = await openTokenStage(200, say);
  try {
    const window = { warmUpMs: 500, measuredMs: seconds * 1_000 };
    const { server, books, plain, plainBooks } = stage;
    say(`${count} tokens`);
    const tokens = await manyTokens(stage, count);
    const series = {
      documented: [] as number[],
      oauth: [] as number[],
      cpuMs: [] as number[],
      none: [] as number[],
      one: [] as number[],
      many: [] as number[],
      quiet: [] as number[],
      underLogins: [] as number[],
      logins: [] as number[],
    };
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}: token endpoint`);
      series.documented.push((await measureTokens(stage, 'documented', window)).perSecond);
      const oauth = await measureTokens(stage, 'oauth', window);
      series.oauth.push(oauth.perSecond);
      series.cpuMs.push(oauth.cpuMs);
      say(`round ${round} of ${rounds}: posting`);
      series.none.push(await measurePosting(plain.ledgerPort, plainBooks, [undefined], window));
      series.one.push(await measurePosting(server.ledgerPort, books, [books.token], window));
      series.many.push(await measurePosting(server.ledgerPort, books, tokens, window));
      say(`round ${round} of ${rounds}: logins beside posting`);
      const quiet = await measureUnderLogins(stage, { postings: 100, logins: 0 }, window);
      const busy = await measureUnderLogins(stage, { postings: 100, logins: 20 }, window);
      series.quiet.push(quiet.p99Ms);
      series.underLogins.push(busy.p99Ms);
      series.logins.push(busy.loginsPerSecond);
    }
    const figures = {
      cores: cpus().length,
      tokensPerSecond: { documented: median(series.documented), oauth: median(series.oauth) },
      cpuMsPerToken: median(series.cpuMs),
      postingPerSecond: {
        withoutToken: median(series.none),
        oneToken: median(series.one),
        manyTokens: median(series.many),
      },
      ratios: { oneToken: ratioByRound(series.one, series.none), manyTokens: ratioByRound(series.many, series.none) },
      distinctTokens: count,
      postingP99Ms: { alone: median(series.quiet), underLogins: median(series.underLogins) },
      passwordLoginsPerSecond: median(series.logins),
    };
    report(figures);
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ ...figures, series }, null, 2));
  } finally {
    await stage.close();
  }
}

interface Figures {
  readonly cores: number;
  readonly tokensPerSecond: { readonly documented: number; readonly oauth: number };
  readonly cpuMsPerToken: number;
  readonly postingPerSecond: { readonly withoutToken: number; readonly oneToken: number; readonly manyTokens: number };
  readonly ratios: { readonly oneToken: number; readonly manyTokens: number };
  readonly distinctTokens: number;
  readonly postingP99Ms: { readonly alone: number; readonly underLogins: number };
  readonly passwordLoginsPerSecond: number;
}

function report(figures: Figures): void {
  const { tokensPerSecond, postingPerSecond, postingP99Ms, ratios } = figures;
  console.log(`
| | |
|---|--:|
| client_credentials, documented face, tokens/s | ${readable(tokensPerSecond.documented)} |
| client_credentials, OAuth face, tokens/s | ${readable(tokensPerSecond.oauth)} |
| CPU a token (OAuth face; server and database), ms | ${readable(figures.cpuMsPerToken)} |
| posting without tokens, single-tenant, /s | ${readable(postingPerSecond.withoutToken)} |
| posting with one token, multi-tenant, /s | ${readable(postingPerSecond.oneToken)} (${readable(ratios.oneToken)} ×) |
| posting with ${figures.distinctTokens} tokens, multi-tenant, /s | ${readable(postingPerSecond.manyTokens)} (${readable(ratios.manyTokens)} ×) |
| p99 of 100 postings/s, ms | ${readable(postingP99Ms.alone)} |
| the same beside ${readable(figures.passwordLoginsPerSecond)} password logins/s, ms | ${readable(postingP99Ms.underLogins)} |
`);
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else console.error(`${process.uptime().toFixed(1).padStart(7)} s  ${text}`);
}
