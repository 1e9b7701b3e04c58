import type { DslTransaction } from './dsl-transaction.js';
import { parseLegs } from './parse-legs.js';
import { TokenReader } from './token-reader.js';
import { tokenize } from './tokenize.js';

/**
 * Reads a transaction in the older language (ledger-api §5.1), by recursive descent:
 *
 *     (transaction V1 (chart-of-accounts-group-name X) (description "…")? (code X)? (pending true|false)?
 *       (metadata (k v)+)? (send ASSET n|scale (source :remaining? (from …)+) (distribute :remaining? (to …)+)))
 *
 * Throws `invalid_dsl_file_format` (0048) for what does not follow the grammar and `invalid_script_format` (0017) for
 * numbers that mean nothing, both with line and column.
 */
export function parseTransaction(source: string): DslTransaction {
  const reader = new TokenReader(tokenize(source));
  reader.open('transaction', 'transaction-template');
  reader.word('V1');
  const chartOfAccountsGroupName = reader.clause('chart-of-accounts-group-name', () => reader.name('a name'));
  const description = reader.optional('description', () => reader.string());
  const code = reader.optional('code', () => reader.name('a code'));
  const pending = reader.optional('pending', () => reader.word('true', 'false') === 'true');
  const metadata = reader.optional('metadata', () => reader.pairs());
  const send = reader.clause('send', () => ({
    asset: reader.name('an asset code'),
    value: reader.amount(),
    source: reader.clause('source', () => parseLegs(reader, 'from')),
    distribute: reader.clause('distribute', () => parseLegs(reader, 'to')),
  }));
  reader.close();
  reader.end();
  return {
    chartOfAccountsGroupName,
    ...(description === undefined ? {} : { description }),
    ...(code === undefined ? {} : { code }),
    ...(pending === undefined ? {} : { pending }),
    ...(metadata === undefined ? {} : { metadata }),
    send: {
      asset: send.asset,
      value: send.value,
      source: { from: send.source },
      distribute: { to: send.distribute },
    },
  };
}
