#!/usr/bin/env bash
# Runs a command with DATABASE_URL of a fresh PostgreSQL 15 (Debian's package, installed by name) on a free port, and ends it.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=/usr/lib/postgresql/15/bin
if [ ! -x "$bin/postgres" ]; then
  echo "installing PostgreSQL 15 (Debian package postgresql-15)"
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /etc/postgresql-common
  # No default cluster: we start our own below.
  grep -qs '^create_main_cluster = false' /etc/postgresql-common/createcluster.conf ||
    echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf
  apt-get update -qq >/dev/null && apt-get install -y -qq postgresql-15 >/dev/null
fi

folder=$(mktemp -d)
chmod 755 "$folder"
run_as() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
if [ "$(id -u)" -eq 0 ]; then chown postgres:postgres "$folder"; fi

password=$(node -p 'crypto.randomBytes(18).toString("hex")')
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
printf '%s' "$password" > "$folder/pw"; chmod 644 "$folder/pw"
run_as "$bin/initdb" -D "$folder/data" -U postgres --pwfile="$folder/pw" -A scram-sha-256 -E UTF8 --no-sync >/dev/null
rm -f "$folder/pw"
stop() { run_as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"; }
trap stop EXIT
run_as "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c fsync=off -c wal_level=logical -c max_connections=400" start >/dev/null

DATABASE_URL="postgres://postgres:$password@127.0.0.1:$port/postgres" "$@"
