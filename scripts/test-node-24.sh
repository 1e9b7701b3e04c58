#!/usr/bin/env bash
# The program as an operator runs it (demo, serve, parts, kept data folders) under Node 24, installed by name into a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
chmod 755 "$folder"
trap 'rm -rf "$folder"' EXIT
package="node-linux-$(node -p 'process.arch')"
npm install --prefix "$folder" --silent --no-save "$package@24" >/dev/null
node24="$folder/node_modules/$package/bin/node"
"$node24" --version
"$node24" node_modules/vitest/vitest.mjs run packages/server/test/cli packages/server/test/golden packages/server/test/config.test.ts
