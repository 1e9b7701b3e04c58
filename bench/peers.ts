/** What `--peers` prints. Nothing is downloaded or run: the user decides what enters the machine. */
export const peers = `Running others beside it

Both measure SQL alone, without HTTP, JSON, tokens or idempotency, so read their figures against "lock per transaction"
with that in mind. Use the same machine, the same PostgreSQL settings (fsync = on) and no other load.

pgbench (part of PostgreSQL): four updates and an insert in one transaction.

  createdb bench && pgbench -i -s 10 bench
  pgbench -c 20 -j 2 -T 30 -P 5 bench            # random accounts, but 10 rows of pgbench_branches are hot
  pgbench -c 20 -j 2 -T 30 -P 5 -N bench         # without those rows

pgledger (a ledger in SQL functions, https://github.com/pgr0ss/pgledger): load its SQL files into an empty database, make
accounts with pgledger_create_account('account.' || i, 'USD'), put the ids into a table and drive it with a script:

  -- transfer.sql
  \\set a random(1, 1000)
  \\set b random(1, 1000)
  select pgledger_create_transfer((select id from ids where n = :a), (select id from ids where n = :b), 1.25)
   where :a <> :b;

  pgbench -n -f transfer.sql -c 20 -j 2 -T 30 -P 5 ledger       # random accounts
  # one hot account: write "\\set b 1" instead of the second line

Their "tps" is to be compared with "per second" in our table.
`;
