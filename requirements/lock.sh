#!/bin/sh
# Resolve every *.in to a hashed lock for all platforms. dev goes first: the others take its versions.
set -eu
cd "$(dirname "$0")"
compile() { # extra-options in out
  # shellcheck disable=SC2086  # the options are words
  ../.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $1 "$2" -o "$3"
}
compile "" dev.in dev.txt
compile "-c dev.txt" runtime.in runtime.txt
compile "-c dev.txt" serving.in serving.txt
compile "-c dev.txt" uv.in uv.txt
compile "" checkov.in checkov.txt
for name in script-mode fuzz bench-reference bench-mlserver bench-bentoml bench-training; do
  compile "-c dev.txt" "$name.in" "$name.txt"
done
# MLflow asks for an older pyarrow.
compile "" bench-mlflow.in bench-mlflow.txt
