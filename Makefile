# GlobalKeyMarket. `make` alone lists what there is to do; the work is done by the scripts in .scripts.
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# Who looks at the demo: ops, support, vendor or admin.
# (make itself has a variable of that name, for assemblers.)
ifeq ($(origin AS),default)
AS := ops
endif
# KEEP=1: demo-down leaves the data where they are.
KEEP ?=
# release or debug programs for the demo.
CONFIG ?= release
PREFIX ?= /usr/local
DESTDIR ?=
# A regular expression: only the tests whose names match.
FILTER ?=
# Of Tests/Mutants.
NAMES ?=
export AS KEEP CONFIG PREFIX DESTDIR FILTER

.PHONY: help demo demo-up demo-down test test-long mutants bench screenshots build install uninstall clean format lint

help: ## Lists these targets
	@echo 'GlobalKeyMarket: make TARGET'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

demo: ## Builds, starts a private market with live traffic, opens the console on it (AS=ops|support|vendor|admin)
	@.scripts/stack demo

demo-up: ## Starts the same market without the console; `.gkm/env` says how to reach it
	@.scripts/stack up

demo-down: ## Stops it and removes its data (KEEP=1 keeps them)
	@.scripts/stack down

test: ## Installs what is needed, starts private servers, runs the tests a change must pass (FILTER=REGEX)
	@.scripts/test short

test-long: ## Runs the rest: long histories, faults, attacks, the demo itself
	@.scripts/test-long

mutants: ## Takes protections away one by one, and demands that their tests fail; hours (NAMES='lease-fence …' for some)
	@.scripts/mutants $(NAMES)

bench: ## Prints the benchmark table, beside pgbench doing the same statements (QUICK=1 ONLY=PARTS ORDERS=N SIZES=N,N JSON=FILE)
	@.scripts/bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(ORDERS),--orders $(ORDERS)) \
	  $(if $(SIZES),--sizes $(SIZES)) $(if $(JSON),--json '$(JSON)')

screenshots: ## Takes the pictures of the README anew, with the real program in tmux
	@.scripts/screenshots

build: ## Builds the three programs for release
	@.scripts/packages demo
	@.scripts/build release

install: build ## Installs programs, man pages, themes, completions (PREFIX=/usr/local DESTDIR=)
	@.scripts/install

uninstall: ## Removes what install put there
	@.scripts/install --remove

clean: ## Stops the demo and removes everything that was built
	@.scripts/stack down
	rm -rf .build

format: ## Formats the Swift sources in place
	swift format --in-place --parallel --recursive Package.swift Sources Tests

lint: ## Checks format and scripts
	@.scripts/lint
