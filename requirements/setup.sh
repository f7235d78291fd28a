#!/bin/sh
# Make virtual environments hold exactly what their locks say. Usage: setup.sh PYTHON FOLDER:LOCK…
set -eu
python=$1
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Python 3.11 or newer is needed, and $python is not: install it, or name it with PYTHON=…" >&2
  exit 1
fi
# Two at once would make one environment from two sides: the second waits, and then has little to do.
if [ -z "${SETUP_LOCKED:-}" ]; then
  mkdir -p build
  SETUP_LOCKED=1 exec "$python" -c 'import fcntl, os, sys
lock = os.open("build/setup.lock", os.O_CREAT | os.O_RDWR)
os.set_inheritable(lock, True)
fcntl.flock(lock, fcntl.LOCK_EX)
os.execvp("sh", ["sh", *sys.argv[1:]])' "$0" "$@"
fi
if command -v uv >/dev/null 2>&1; then
  uv=uv
else
  uv=build/tools/uv/bin/uv
  [ -x "$uv" ] || { "$python" -m venv build/tools/uv && build/tools/uv/bin/pip install --quiet --require-hashes -r requirements/uv.txt; }
fi
shift
for pair in "$@"; do
  directory=${pair%%:*}
  [ -x "$directory/bin/python" ] || "$uv" venv --quiet --allow-existing --python "$python" "$directory"
  "$uv" pip sync --quiet --require-hashes --python "$directory/bin/python" "requirements/${pair##*:}.txt"
done
