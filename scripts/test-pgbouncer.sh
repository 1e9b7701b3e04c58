#!/usr/bin/env bash
# The isolation and attack suites with every tenant reached through PgBouncer in transaction mode (Debian's package, installed
# by name, started here on a free port) in front of a PostgreSQL 15 of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then exec scripts/with-postgres-15.sh scripts/test-pgbouncer.sh inside "$@"; fi
shift

if ! command -v pgbouncer >/dev/null; then
  echo "installing PgBouncer (Debian package pgbouncer)"
  # The package starts a service of its own where there is a service manager; ours is started below.
  apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq pgbouncer >/dev/null
fi

folder=$(mktemp -d)
chmod 755 "$folder"
read -r server_port password <<<"$(node -p 'const u=new URL(process.env.DATABASE_URL); `${u.port} ${u.password}`')"
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
cat > "$folder/userlist.txt" <<LIST
"postgres" "$password"
LIST
cat > "$folder/pgbouncer.ini" <<INI
[databases]
* = host=127.0.0.1 port=$server_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
pool_mode = transaction
auth_type = scram-sha-256
auth_file = $folder/userlist.txt
auth_user = postgres
auth_query = select usename, passwd from pg_shadow where usename = \$1
max_client_conn = 1000
default_pool_size = 3
server_idle_timeout = 10
# A database that is away for a moment (a restore) is asked for again after 1 s, not 15.
server_login_retry = 1
# A dropped tenant's database must not be held open.
server_lifetime = 60
logfile = $folder/log
pidfile = $folder/pid
INI
if [ "$(id -u)" -eq 0 ]; then
  chown -R postgres:postgres "$folder"
  setpriv --reuid=postgres --regid=postgres --clear-groups pgbouncer -q "$folder/pgbouncer.ini" &
else
  pgbouncer -q "$folder/pgbouncer.ini" &
fi
pooler=$!
trap 'kill "$pooler" 2>/dev/null || true; wait "$pooler" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  sleep 0.1
done

suites=("$@")
if [ ${#suites[@]} -eq 0 ]; then suites=(packages/server/test/isolation packages/server/test/attack packages/server/test/pooler); fi
TEST_TENANT_POOLERS="127.0.0.1:$server_port=127.0.0.1:$port" npx vitest run "${suites[@]}"
# A move under load takes its time, and has its place with the long tests elsewhere.
if [ $# -eq 0 ]; then
  TEST_LONG=1 TEST_TENANT_POOLERS="127.0.0.1:$server_port=127.0.0.1:$port" npx vitest run packages/server/test/pooler/move-through-the-pooler.long.test.ts
fi
