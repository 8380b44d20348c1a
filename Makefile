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
run: ## build what is missing and start on http://localhost:3000
	@exec scripts/run $(ARGS)

.PHONY: dev
dev: ## the same, and again after every change
	@exec scripts/dev $(ARGS)

.PHONY: demo
demo: ## play two incidents from beginning to end in four minutes, with data of their own; Ctrl-C leaves nothing behind
	@exec scripts/demo

.PHONY: dist
dist: ## build the optimized program: one file with everything inside, in dist/
	@scripts/build dist

.PHONY: test
test: ## format, lints, unit, property, store, HTTP and browser tests
	@scripts/test

.PHONY: check
check: ## format, lints, and the tests of the crates that you changed
	@scripts/test check

.PHONY: test-all
test-all: ## make test, and the optimized program, all widths and themes, fifty kills, long fuzzing, the demo, benchmarks
	@scripts/test all

.PHONY: fuzz
fuzz: ## throw bytes at each parser of input from outside for a minute, guided by coverage
	@scripts/fuzz

.PHONY: bench
bench: ## measure what README says about speed, memory and size
	@scripts/bench

.PHONY: exam
exam: ## measure what is found in labelled data of others, such as DIR=../shared/exam; without it, nothing
	@cargo run --quiet --locked --release -p engine --example exam -- $(DIR)

.PHONY: lint
lint: ## format and lints alone
	@scripts/test lint

.PHONY: format
format: ## format all Rust
	@cargo fmt --all

.PHONY: audit
audit: ## check dependencies for known vulnerabilities, licenses and sources (cargo-deny; needs the network)
	@scripts/audit

.PHONY: screenshots
screenshots: ## make the pictures in end2end/screenshots again; all of them are in target/pictures
	@scripts/build light
	@scripts/end2end --grep @screenshot
	@for picture in end2end/screenshots/*.png; do cp "target/pictures/$${picture##*/}" "$$picture"; done

.PHONY: clean
clean: ## remove what was built (never the data)
	@rm -rf target dist end2end/node_modules end2end/test-results
