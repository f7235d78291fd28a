#!/bin/sh
# Make virtual environments hold exactly what their locks say. Usage: setup.sh PYTHON FOLDER:LOCK…
set -eu
python=$1
# 3.11.4 brought the filters with which archives are unpacked safely; some builds of older ones have them, too.
if ! "$python" -c 'import sys, tarfile; tarfile.data_filter; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Python 3.11.4 or newer is needed, and $python is not: install it, or name it with PYTHON=…" >&2
  exit 1
fi
# Two at once would make one environment from two sides: the second waits, and then has little to do.
if [ -z "${SETUP_LOCKED:-}" ]; then
  mkdir -p build/tools
  SETUP_LOCKED=1 exec "$python" -c 'import fcntl, os, sys
lock = os.open("build/tools/setup.lock", os.O_CREAT | os.O_RDWR)
os.set_inheritable(lock, True)
fcntl.flock(lock, fcntl.LOCK_EX)
os.execvp("sh", ["sh", *sys.argv[1:]])' "$0" "$@"
fi
if command -v uv >/dev/null 2>&1; then
  uv=uv
else
  uv=build/tools/bin/uv
  if [ ! -x "$uv" ]; then
    "$python" -m venv build/tools/fetching
    build/tools/fetching/bin/pip install --quiet --require-hashes -r requirements/uv.txt
    mkdir -p build/tools/bin
    mv build/tools/fetching/bin/uv "$uv" # it stands alone, and is found by PATH where an environment is not
    rm -r build/tools/fetching
  fi
fi
shift
for pair in "$@"; do
  directory=${pair%%:*} lock=requirements/${pair##*:}.txt
  if [ -n "${CODEBUILD_BUILD_ID:-}" ]; then
    # A build has a new folder each time, and its project a cache: there an environment stays, by its lock and its Python.
    base=$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
    kept=build/tools/venvs/$({ cat "$lock"; "$base" -VV; } | cksum | cut -d' ' -f1)
    ln -sfn "$PWD/$kept" "$directory"
    [ ! -e "$kept/.complete" ] || continue
    "$uv" venv --quiet --allow-existing --relocatable --python "$base" "$kept"
  else
    kept=
    [ -x "$directory/bin/python" ] || "$uv" venv --quiet --allow-existing --python "$python" "$directory"
  fi
  "$uv" pip sync --quiet --require-hashes --python "$directory/bin/python" "$lock"
  [ -z "$kept" ] || touch "$kept/.complete"
done
