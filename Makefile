# `make test` is the one command to know. Longer steps are in contrib/dev/.

GO       ?= go
FUZZTIME ?= 5m
SUITE    ?= trixie
# nodemo leaves out `bus demo` and the fixtures that it shows: for packages.
TAGS     ?=
# Where root runs the tests, everything can be tried.
SKIPS    := $(if $(filter 0,$(shell id -u)),-skips=false)
UNITS    := $(addprefix contrib/systemd/,mail2bus.service dbpoll.service scmhook.service soapbus.service bus-hub.service)

# The product is built without cgo; only the race detector needs it.
export CGO_ENABLED = 0
# Tests that could try any number of cases try some. CASES=all: all of them.
export CASES
# Races are looked for everywhere but inside SQLite, which is C translated to Go: a
# third of the time. Not in all of modernc.org: what it shares with others, such as
# sync.Map, would be linked as it was built there, and races be seen that are none. A
# program waits for races at its end for 10 ms, not for a second. Many tests wait more
# than they work.
RACE = CGO_ENABLED=1 GORACE=atexit_sleep_ms=10 $(GO) test -race -gcflags=modernc.org/sqlite/lib=-race=false -p 4 -parallel 4

# A test run that was killed half-way has failed, whatever its report says.
SHELL       := /bin/bash
.SHELLFLAGS := -o pipefail -c

.PHONY: test test-debian test-browser help deps build bench torture mutants powercut dbtorture scmtorture soaptorture bustorture triggertorture dbbench compare-mail fuzz generate check-unit clean

# Run everything that must hold. Installs what is missing; about ten minutes. More cases: CASES=all.
test: deps
	$(GO) vet ./...
	contrib/dev/gofmt.sh
	$(GO) build -o bin/report ./contrib/dev/report
	$(RACE) -json -count 1 -timeout 30m ./... | bin/report $(SKIPS)

# The same in a fresh Debian, as root, with mmdebstrap: SUITE=bookworm or trixie.
test-debian:
	contrib/dev/debian.sh $(SUITE)

# Open the page of docs/howto/listen-browser.md in Debian's Chromium. Installs it: 320 MB.
test-browser: deps
	contrib/dev/browser.sh
	$(GO) vet -tags browser ./contrib/listen
	$(GO) test -tags browser -count 1 -run Browser ./contrib/listen

# Say what can be made.
help:
	@awk '/^#/ {text = substr($$0, 3)} /^[a-z-]+:/ {printf "%-13s %s\n", $$1, text; text = ""} /^$$/ {text = ""}' Makefile

# Install the Debian packages that the tests need: real peers, never skipped.
deps:
	contrib/dev/deps.sh

# Build the programs: static binaries, in bin/. Packages: TAGS=nodemo.
build:
	$(GO) build -trimpath -tags '$(TAGS)' -o bin/ ./mail2bus ./dbpoll ./scmhook ./soapbus ./bus

# Run the benchmarks, with the machine printed above them.
bench:
	contrib/dev/bench.sh

# Kill, fill and block a running mail2bus; prints lost and doubled.
torture:
	$(GO) run ./contrib/trials/mail

# Cut the power under a recorded mail2bus, by three models of a file system; prints lost and doubled.
powercut:
	$(GO) run ./contrib/trials/powercut

# Send ten thousand damaged mails through the real daemon; prints panics and memory.
mutants:
	$(GO) run ./contrib/trials/mutants

# Write, kill, restart and restore under a running dbpoll; prints skipped and doubled.
dbtorture:
	$(GO) run ./contrib/trials/db

# Push while hook and daemon are killed, and send webhooks; prints lost, doubled, times.
scmtorture:
	$(GO) run ./contrib/trials/scm

# Change, fail, cut and kill under a running soapbus; prints lost and doubled, and the rate.
soaptorture:
	$(GO) run ./contrib/trials/soap

# Kill, cut, prune and put back under publishers, hubs and subscribers; prints lost, doubled, reordered.
bustorture:
	$(GO) run ./contrib/trials/bus

# Kill bus trigger and its command while events come; prints lost, reordered, handled twice.
triggertorture:
	$(GO) run ./contrib/trials/trigger

# Measure a poll of two million rows: time, memory, the database's CPU.
dbbench:
	$(GO) run ./contrib/trials/dbbench

# Read the mails below DIR here and by Python's email package; prints where the two differ: DIR=~/Maildir.
compare-mail:
	$(GO) run ./contrib/trials/comparemail $(DIR)

# Run every fuzz target for FUZZTIME each: FUZZTIME=30s.
fuzz:
	contrib/dev/fuzz.sh $(FUZZTIME)

# Write the pages of docs/reference from the programs; read the difference.
generate:
	$(GO) test -count 1 -run 'Reference$$' ./bus/catalog -update
	$(GO) test -count 1 -run 'Reference$$' ./bus ./mail2bus ./dbpoll ./scmhook ./soapbus -update

# Say how much the hardened units leave open: 0 is nothing, 10 is all.
check-unit:
	systemd-analyze security --offline=true --no-pager $(UNITS)

# Remove bin.
clean:
	rm -rf bin
