#!/usr/bin/env bash
# What takes too long for `npm test`: the files named *.long.test.ts, and the random tests of it with many more rounds.
set -euo pipefail
cd "$(dirname "$0")/.."

export TEST_LONG=1
npx vitest run .long.test.ts \
  packages/core/test/programs.test.ts \
  packages/server/test/access/token-fuzz.test.ts \
  packages/server/test/isolation/bad-input.test.ts
