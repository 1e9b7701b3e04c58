#!/usr/bin/env bash
# The login page in a real browser: Debian's Chromium, installed by name where it is not there.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x /usr/bin/chromium ] && [ ! -x /usr/bin/chromium-browser ] && [ ! -x /usr/bin/google-chrome ]; then
  echo "installing Chromium (Debian package chromium)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi

npx vitest run --config packages/server/test/browser/vitest.config.ts
