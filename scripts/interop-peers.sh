#!/usr/bin/env bash
# The independent programs that `make interop` compares us with. What cannot be installed here is said and left out: its
# tests say "not reachable here" and do not fail. (asyncua comes from the Python registry, in an environment of its own.)
set -euo pipefail

say() { printf 'interop: %s\n' "$*"; }

missing=()
command -v mbpoll >/dev/null || missing+=(mbpoll)
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import pymodbus.server' 2>/dev/null || missing+=(python3-pymodbus python3-serial-asyncio)
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
command -v zstd >/dev/null || missing+=(zstd)
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  say "not here: ${missing[*]}"
elif [ "$(id -u)" != 0 ]; then
  say "not here: ${missing[*]}. To have them: sudo apt-get update && sudo apt-get install ${missing[*]}"
else
  say "installing ${missing[*]} with apt-get"
  export DEBIAN_FRONTEND=noninteractive
  # One by one: a package that this distribution does not have must not take the others with it.
  apt-get update -qq || say "the package lists could not be updated"
  for package in "${missing[@]}"; do
    apt-get install -y -qq --no-install-recommends "$package" >/dev/null || say "could not be installed: $package"
  done
fi
