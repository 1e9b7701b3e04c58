#!/usr/bin/env bash
# The storage and isolation suites against Debian's PostgreSQL 15, installed by name and started here on a free port.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/with-postgres-15.sh npx vitest run \
  packages/server/test/ledger packages/server/test/isolation packages/server/test/tenancy packages/server/test/access
