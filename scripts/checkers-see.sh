#!/usr/bin/env bash
# A checker that finds nothing may be blind. Each is shown one planted violation in a folder of its own and must object.
set -euo pipefail
cd "$(dirname "$0")/.."
planted=edge-runtime/src/decide/planted
trap 'rm -rf edge-runtime/src/decide/planted; rmdir edge-runtime/src/decide 2>/dev/null || true' EXIT
mkdir -p "$planted"

must_object() {
  local checker=$1 expected=$2
  shift 2
  local out
  if out=$("$@" 2>&1); then
    echo "check: $checker did not see the planted violation" >&2
    exit 1
  fi
  if ! grep -q "$expected" <<<"$out"; then
    echo "check: $checker objected, but not to the planted violation ($expected):" >&2
    echo "$out" | tail -n 20 >&2
    exit 1
  fi
}

# Boundaries: a step that imports a step, and a library away from home.
cat >"$planted/boundary.ts" <<'TS'
import { CurrentValues } from "../../serve/current-values.ts";
export const known = CurrentValues.name;
TS
must_object dependency-cruiser "decide-knows-no-other-step" \
  npx depcruise --config .dependency-cruiser.cjs "$planted" --output-type err
rm "$planted/boundary.ts"

# Format.
printf 'export const   a=1\n' >"$planted/format.ts"
must_object prettier "format.ts" npx prettier --check "$planted"
rm "$planted/format.ts"

# Lint: a promise that nobody waits for.
cat >"$planted/lint.ts" <<'TS'
export function forget(): void {
  Promise.resolve(1);
}
TS
must_object eslint "no-floating-promises" npx eslint --no-ignore "$planted"
rm "$planted/lint.ts"

# Types.
cat >"$planted/types.ts" <<'TS'
export const count: number = "three";
TS
must_object tsc "TS2322" npx tsc -b edge-runtime
rm "$planted/types.ts"

# Unused code.
cat >"$planted/unused.ts" <<'TS'
export const nobodyNeedsThis = 1;
TS
must_object knip "planted/unused.ts" npx knip
rm "$planted/unused.ts"

echo "check: each checker found what was planted for it"
