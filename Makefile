# `make test` is the one command to know. Longer steps are in contrib/dev/.

GO       ?= go
FUZZTIME ?= 5m
SUITE    ?= trixie
# nodemo leaves out `bus demo` and the fixtures that it shows: for packages.
TAGS     ?=
ARCHES   ?= amd64 arm64
MESSAGES ?= 10000000
# Where root runs the tests, everything can be tried.
SKIPS    := $(if $(filter 0,$(shell id -u)),-skips=false)
UNITS    := $(addprefix contrib/systemd/,mail2bus.service dbpoll.service scmhook.service soapbus.service bus-hub.service bus-forward.service bus-notify.service bus-badges.service)

# The product is built without cgo; only the race detector needs it.
export CGO_ENABLED = 0
# Tests that could try any number of cases try some. CASES=all: all of them.
export CASES
# Races are looked for everywhere but inside SQLite, which is C translated to Go: a
# third of the time. Not in all of modernc.org: what it shares with others, such as
# sync.Map, would be linked as it was built there, and races be seen that are none. A
# program waits for races at its end for 10 ms, not for a second. Many tests wait more
# than they work; those of contrib, longest of all, begin first.
# What is vetted is built in the same way, so that it is built once; nobody debugs what is
# linked, so that needs no symbols.
RACY = -race -gcflags=modernc.org/sqlite/lib=-race=false
RACE = CGO_ENABLED=1 GORACE=atexit_sleep_ms=10 $(GO) test $(RACY) -ldflags=-w -vet=off -p 4 -parallel 4

# A test run that was killed half-way has failed, whatever its report says.
SHELL       := /bin/bash
.SHELLFLAGS := -o pipefail -c

.PHONY: rpm test test-debian test-browser screenshots help deps build bench torture mailman mutants powercut dbtorture scmtorture soaptorture bustorture triggertorture notifytorture badgetorture forwardtorture pushtorture dbbench compare-mail fuzz generate check-unit clean
.PHONY: deb package install test-install

# Run everything that must hold. Installs what is missing; about ten minutes. More cases: CASES=all.
test: deps
	contrib/dev/gofmt.sh
	CGO_ENABLED=1 $(GO) vet $(RACY) ./...
	$(GO) build -o bin/report ./contrib/dev/report
	$(RACE) -json -count 1 -timeout 30m ./contrib ./... | bin/report $(SKIPS)

# The same in a fresh Debian, as root, with mmdebstrap: SUITE=bookworm or trixie.
test-debian:
	contrib/dev/debian.sh $(SUITE)

# Open the hub's and people's pages, and that of docs/howto/listen-browser.md, in Debian's Chromium
# (installs it: 650 MB), subscribe to Web Push there, and have axe-core (by npm) look for barriers. SCREENSHOTS=DIR: pictures.
test-browser: deps
	contrib/dev/browser.sh
	npm install --silent --no-audit --no-fund --prefix bin/browser axe-core@4
	$(GO) vet -tags browser ./contrib/listen
	AXE=$(CURDIR)/bin/browser/node_modules/axe-core/axe.min.js $(GO) test -tags browser -count 1 -run Browser ./contrib/listen

# Make the pictures of docs/images: the pages of the demo's hub.
screenshots: deps
	contrib/dev/browser.sh
	contrib/dev/screenshots.sh

# Hold `bus catalog` to the official AsyncAPI schema, and every fixture to its JSON Schema, by validators of npm's.
.PHONY: check-schemas
check-schemas:
	contrib/dev/schemas.sh

# Say what can be made.
help:
	@awk '/^#/ {text = substr($$0, 3)} /^[a-z-]+:/ {printf "%-13s %s\n", $$1, text; text = ""} /^$$/ {text = ""}' Makefile

# Install the Debian packages that the tests need: real peers, never skipped.
deps:
	contrib/dev/deps.sh

# Build the programs: static binaries, in bin/. Packages: TAGS=nodemo.
build:
	$(GO) build -trimpath -tags '$(TAGS)' -o bin/ ./mail2bus ./dbpoll ./scmhook ./soapbus ./bus

# Build Debian packages in bin/package: ARCHES="amd64 arm64" VERSION=1.2.3. Wants debhelper.
deb:
	contrib/package/deb.sh bin/package $(ARCHES)

# Build RPM packages of the same files in bin/package. Wants rpmbuild.
rpm:
	contrib/package/rpm.sh bin/package $(ARCHES)

# Install, use, upgrade and purge the packages in booted Debians, as root: SUITES="bookworm trixie" ONLY="STAGE..." KEEP=DIR.
test-install:
	contrib/package/test-install.sh $(SUITES)

# Build what is packaged, with manual pages and completions, in bin/build.
package:
	contrib/package/build.sh $$($(GO) env GOARCH) bin/build

# Install what make package built: DESTDIR=, PACKAGES="busbar busbar-mail2bus".
install:
	contrib/package/install.sh bin/build '$(DESTDIR)' $(PACKAGES)

# Run the benchmarks, with the machine printed above them.
bench:
	contrib/dev/bench.sh

# Kill, fill and block a running mail2bus, and the mail systems before it; prints lost and doubled.
torture:
	$(GO) run ./contrib/trials/mail

# A small form of the trial's ways in: real Postfix, Exim and Dovecot, killed. Takes minutes.
.PHONY: ways
ways: deps
	$(GO) test -count 1 -v -timeout 30m -tags ways -run TestWays ./contrib/trials/mail

# Subscribe to a list of a real Mailman 3, as root. Takes minutes.
mailman: deps
	$(GO) test -count 1 -v -timeout 30m -tags mailman -run TestSubscribeToMailman ./contrib

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

# Kill the hub while senders, and strangers, post to it; prints lost, doubled, forged ones accepted, posts a second.
pushtorture:
	$(GO) run ./contrib/trials/push

# Kill bus notify and the servers that it speaks to; prints lost and doubled, the time from an
# event to its mail, and what a storm of events makes of people's limits.
notifytorture:
	$(GO) run ./contrib/trials/notify

# Read a million events twice over with bus badges, killed in the middle; compares the awards with a plain look at all of them.
badgetorture:
	$(GO) run ./contrib/trials/badges

# Kill bus forward, a NATS server and one of a cluster; prints lost, doubled, and the rate beside nats.go's.
forwardtorture:
	$(GO) run ./contrib/trials/forward

# Measure an archive of ten million messages (MESSAGES=300000): bytes, rate, questions, pages, memory; and kill its writer.
.PHONY: archivebench
archivebench:
	$(GO) run ./contrib/trials/archive -messages $(MESSAGES)

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
