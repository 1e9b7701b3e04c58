#!/usr/bin/env bash
# The long forms of random tests: the same files as in `npm test`, with many more rounds.
set -euo pipefail
cd "$(dirname "$0")/.."

export TEST_LONG=1
npx vitest run \
  packages/core/test/programs.test.ts \
  packages/server/test/access/token-fuzz.test.ts \
  packages/server/test/isolation/bad-input.test.ts
