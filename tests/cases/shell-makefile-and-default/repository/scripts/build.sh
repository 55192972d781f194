#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
for name in job api; do
  docker build --build-arg PY_VERSION="${1:-3.12}" "$name"
done
