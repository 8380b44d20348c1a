# Every target prepares what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# What follows the program's name in `make run`, such as ARGS="--listen 127.0.0.1:4000".
ARGS ?=

.PHONY: help
help: ## list the targets
	@echo 'Calm Ops. Two commands are enough: make run, make test.'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' -o '   '

.PHONY: run
run: build ## build the release and start it on http://localhost:3000
	@exec target/release/calm-ops serve $(ARGS)

.PHONY: dev
dev: ## build and restart on every change, with names in panics (cargo-leptos)
	@exec scripts/dev

.PHONY: build
build: ## build the release: one program with everything inside
	@scripts/build

.PHONY: dist
dist: build ## leave that program in dist/, with its size and the oldest glibc it runs on
	@scripts/dist

.PHONY: test
test: ## format, lints, unit, property, store, HTTP and browser tests
	@scripts/test

.PHONY: test-all
test-all: ## the same, with browser tests of the debug build, long fuzzing and benchmarks
	@scripts/test all

.PHONY: fuzz
fuzz: ## throw bytes at the catalogue and the thresholds for a minute each, guided by coverage
	@scripts/fuzz

.PHONY: bench
bench: build ## measure what README says about speed, memory and size
	@scripts/bench

.PHONY: lint
lint: ## only formatting and clippy
	@scripts/test lint

.PHONY: format
format: ## format all Rust
	@cargo fmt --all

.PHONY: screenshots
screenshots: build ## make the pictures in end2end/screenshots anew; all of them are in target/pictures
	@scripts/end2end --grep @screenshot
	@for picture in end2end/screenshots/*.png; do cp "target/pictures/$${picture##*/}" "$$picture"; done

.PHONY: clean
clean: ## remove what was built (never the data)
	@rm -rf target dist end2end/node_modules end2end/test-results
