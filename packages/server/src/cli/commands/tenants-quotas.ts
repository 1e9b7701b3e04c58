import { Command, InvalidArgumentError } from 'commander';
import { clientOf, type OperatorOptions, print, tenantPath, withOperatorOptions } from '../operators.js';
import { table } from '../table.js';

type Quotas = Readonly<Partial<Record<'requestsPerSecond' | 'burst' | 'concurrentPosts', number>>>;

interface QuotaOptions extends OperatorOptions {
  readonly requestsPerSecond?: number | 'none';
  readonly burst?: number | 'none';
  readonly concurrentPosts?: number | 'none';
}

/** `cofferdam tenants quotas <id>`: what a tenant may use of each process. */
export function quotasCommand(): Command {
  return withOperatorOptions(new Command('quotas'))
    .description('shows what a tenant may use of each ledger process, or changes it; `none` takes a bound away')
    .argument('<id>', 'the tenant’s id')
    .option('--requests-per-second <n>', 'more are refused with 429', bound)
    .option('--burst <n>', 'requests at once after a pause; default: those of one second', bound)
    .option('--concurrent-posts <n>', 'requests that change something under way at the same time', bound)
    .action(async (id: string, options: QuotaOptions) => {
      const client = await clientOf(options);
      const path = tenantPath(id, '/quotas');
      const { requestsPerSecond, burst, concurrentPosts } = options;
      const change = Object.entries({ requestsPerSecond, burst, concurrentPosts }).filter(
        ([, value]) => value !== undefined,
      );
      let quotas = await client.send<Quotas>('GET', path);
      if (change.length > 0) {
        const wanted: Record<string, number | 'none'> = { ...quotas, ...Object.fromEntries(change) };
        const kept = Object.entries(wanted).filter(([, value]) => value !== 'none');
        quotas = await client.send<Quotas>('PUT', path, Object.fromEntries(kept));
      }
      print(options, quotas, () => {
        const names = ['requestsPerSecond', 'burst', 'concurrentPosts'] as const;
        console.log(table(names.map((name) => [name, quotas[name] ?? 'none'])));
      });
    });
}

function bound(text: string): number | 'none' {
  if (text === 'none') return text;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number above 0, or none');
}
