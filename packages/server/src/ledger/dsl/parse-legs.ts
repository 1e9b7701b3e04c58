import type { DslLeg } from './dsl-transaction.js';
import type { TokenReader } from './token-reader.js';

/** `:remaining? (from …)+`, or the same with `to`. The flag says nothing that the legs do not say. */
export function parseLegs(reader: TokenReader, name: 'from' | 'to'): DslLeg[] {
  reader.skipWord(':remaining');
  const legs = [reader.clause(name, () => parseLeg(reader))];
  while (reader.isOpen(name)) legs.push(reader.clause(name, () => parseLeg(reader)));
  return legs;
}

/** `ACCOUNT TYPE RATE? (description "…")? (chart-of-accounts X)? (metadata (k v)+)?` */
function parseLeg(reader: TokenReader): DslLeg {
  const accountAlias = reader.name('an account');
  const share = parseShare(reader);
  // Informational: nothing is converted.
  reader.optional('rate', () => {
    reader.name('an external id');
    reader.name('an asset code');
    reader.word('->');
    reader.name('an asset code');
    reader.amount();
  });
  const description = reader.optional('description', () => reader.string());
  // Read and dropped, as the contract has it.
  reader.optional('chart-of-accounts', () => reader.name('a name'));
  const metadata = reader.optional('metadata', () => reader.pairs());
  return {
    accountAlias,
    ...share,
    ...(description === undefined ? {} : { description }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** `:amount ASSET n|scale`, `:share n`, `:share n :of n` or `:remaining`. */
function parseShare(reader: TokenReader): Pick<DslLeg, 'amount' | 'share' | 'remaining'> {
  switch (reader.word(':amount', ':share', ':remaining')) {
    case ':amount':
      return { amount: { asset: reader.name('an asset code'), value: reader.amount() } };
    case ':share': {
      const percentage = reader.percentage();
      if (!reader.skipWord(':of')) return { share: { percentage } };
      return { share: { percentage, percentageOfPercentage: reader.percentage() } };
    }
    default:
      return { remaining: 'remaining' };
  }
}
