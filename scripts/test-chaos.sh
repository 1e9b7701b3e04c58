#!/usr/bin/env bash
# scripts/test-chaos.ts with what it needs: Debian's haproxy, libfaketime and iproute2, installed by name when absent.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v haproxy >/dev/null || missing+=(haproxy)
command -v ip >/dev/null || missing+=(iproute2)
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || missing+=(libfaketime)
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]} (Debian packages)"
  apt-get update -qq >/dev/null
  # The haproxy package would start a service of its own where there is a service manager; ours is started by the test.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq "${missing[@]}" >/dev/null
fi

exec npx tsx --conditions=source scripts/test-chaos.ts "$@"
