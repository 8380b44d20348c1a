# Every target prepares what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# What follows the program's name in `make run`, such as ARGS="--listen 127.0.0.1:4000".
ARGS ?=

.PHONY: help
help: ## list the targets
	@echo 'Calm Ops. Begin with make demo or make run; make test proves it.'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' -o '   '

.PHONY: run
run: ## build what is missing and start on http://localhost:3000
	@exec scripts/run $(ARGS)

.PHONY: dev
dev: ## make run, and again after every change
	@exec scripts/dev $(ARGS)

.PHONY: demo
demo: ## play two incidents from beginning to end in four minutes, with data of their own; Ctrl-C leaves nothing behind
	@exec scripts/demo

.PHONY: dist
dist: ## build the optimized program: one file with everything inside, in dist/
	@scripts/build dist

.PHONY: test
test: ## format, lints, unit, property, store, HTTP and browser tests: before each push
	@scripts/test

.PHONY: check
check: ## format, lints, and the tests of the crates that you changed: before each commit
	@scripts/test check

.PHONY: test-all
test-all: ## make test, and then the optimized program, all widths and themes, fifty kills, long fuzzing, the demo, benchmarks
	@scripts/test all

.PHONY: fuzz
fuzz: ## fuzz each parser of input from outside for a minute, guided by coverage
	@scripts/fuzz

.PHONY: bench
bench: ## measure the figures in README (speed, memory, size); takes about 20 minutes
	@scripts/bench

.PHONY: exam
exam: ## measure which labelled events of published data are found; DIR=... names the folder with the data
	@cargo run --quiet --locked --release -p engine --example exam -- $(DIR)

.PHONY: lint
lint: ## only format and lints
	@scripts/test lint

.PHONY: house
house: ## measure the code against its limits: cycles, names, comments, long files, files to touch for a change
	@cargo run --quiet --locked --release -p house

.PHONY: format
format: ## format all Rust
	@cargo fmt --all

.PHONY: audit
audit: ## check dependencies for known vulnerabilities, licenses and sources (cargo-deny; needs the network)
	@scripts/audit

.PHONY: screenshots
screenshots: ## make the pictures of README again (end2end/screenshots)
	@scripts/build light
	@scripts/end2end --grep @screenshot
	@for picture in end2end/screenshots/*.png; do cp "target/pictures/$${picture##*/}" "$$picture"; done

.PHONY: clean
clean: ## remove what was built (never the data)
	@rm -rf target dist end2end/node_modules end2end/test-results
