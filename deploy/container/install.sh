#!/bin/sh
# Builds the wheel and installs it with the packages of uv.lock, each by its hash, into a new virtual environment.
#
#   install.sh UV SOURCE PREFIX
#
# UV is the program, SOURCE a checkout, PREFIX the environment: it cannot be moved afterwards. PYTHON chooses another
# Python than `python3`.
set -eu
uv=$1 source=$2 prefix=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$uv" build --quiet --wheel --out-dir "$work/dist" "$source"
"$uv" export --quiet --frozen --project "$source" --no-dev --no-emit-project --no-header \
  --extra server --extra postgres --extra mariadb --extra access --output-file "$work/requirements.txt"
"$uv" venv --quiet --no-project --python "${PYTHON:-python3}" "$prefix"
"$uv" pip install --quiet --python "$prefix" --require-hashes --no-deps --only-binary :all: -r "$work/requirements.txt"
"$uv" pip install --quiet --python "$prefix" --no-deps "$work"/dist/*.whl
"$uv" pip check --quiet --python "$prefix"
# The server cannot write bytecode there, and would compile everything at each start.
"$prefix/bin/python" -m compileall -q "$prefix/lib"
cp "$source/deploy/container/healthy.py" "$prefix/healthy.py"
