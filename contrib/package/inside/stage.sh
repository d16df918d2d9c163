#!/usr/bin/env bash
# What test-install.sh does inside a booted system, as root: stage.sh STAGE runs the
# function of that name, of the files beside this one. /packages has the packages, old/
# and new/, and the tracker; /src is the source, which nobody can write.
set -euE -o pipefail
trap 'echo "inside: $step: failed at ${BASH_SOURCE##*/}:$LINENO: $BASH_COMMAND" >&2; trouble' ERR

adapters=(mail2bus dbpoll soapbus scmhook)
daemons=("${adapters[@]}" scmhook-webhooks bus-hub bus-forward bus-notify bus-badges)
state=/root/busbar-test
mkdir -p $state
step=$1

trouble() {
	for unit in "${daemons[@]}"; do
		# Not is-failed: one that is about to be started again is not.
		[ "$(systemctl show -P Result $unit)" = success ] || journalctl --no-pager -q -n 15 -u $unit >&2 || true
	done
}
die() {
	echo "inside: $step: $*" >&2
	trouble
	exit 1
}
say() { echo "inside: $step: $*"; }

# quiet COMMAND...: what it prints is shown where it fails.
quiet() {
	"$@" >$state/out 2>&1 </dev/null || { cat $state/out >&2; die "fails: $*"; }
}

# until_ COMMAND...: waits until a command succeeds.
until_() {
	local end=$((SECONDS + 600))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { "$@" >&2 || true; die "it never came: $*"; }
		sleep 0.2
	done
}

# commands PAGE SECTION: the indented blocks of a section of a page of docs/, or of what
# stands under its title. With a block's number, that block alone.
commands() {
	local found
	found=$(awk -v title="$2" -v want="${3:-0}" '
		$0 == "## " title || $0 == "# " title {on = 1; next}
		/^## / {on = 0}
		on && /^    / {if (!block) {n++; block = 1} if (!want || n == want) print substr($0, 5); next}
		on && /^$/ {if (block && (!want || n == want)) print ""; next}
		on {block = 0}' "/src/docs/$1")
	[ -n "$found" ] || die "$1 has no commands in \"$2\""
	printf '%s\n' "$found"
}

# header FILE: the commands at the top of a file of contrib/.
header() {
	local found
	found=$(sed -n '/^#/!q; s/^#   //p' "/src/contrib/$1")
	[ -n "$found" ] || die "contrib/$1 has no commands at its top"
	printf '%s\n' "$found"
}

# fenced LANGUAGE PAGE TEXT: the block of a page, in three backticks, that has a text;
# toml PAGE TEXT: that of a configuration file.
fenced() {
	local found
	found=$(awk -v start="\`\`\`$1" -v text="$3" '
		/^```/ && !open {open = 1; on = $0 == start; block = ""; next}
		/^```/ {if (on && index(block, text)) {printf "%s", block; exit} open = 0; on = 0}
		on {block = block $0 "\n"}' "/src/docs/$2")
	[ -n "$found" ] || die "$2 has no block with \"$3\""
	printf '%s\n' "$found"
}
toml() { fenced toml "$@"; }

# typed TEXT: runs commands as a person types them, in the source's folder, and counts
# them. A command that fails ends it.
count=0
typed() {
	[ -n "$1" ] || die "nothing to type"
	count=$((count + $(printf '%s\n' "$1" | sed -e '/^ *#/d' -e '/^ *$/d' -e '/<<END/,/^END$/{/<<END/!d}' | wc -l)))
	cd /src
	quiet bash -euc "$1"
}

# finds PATTERN: whether standard input has it. It reads all: a program whose output nobody
# wants any more would fail.
finds() { grep "$@" >/dev/null; }

# published ENDPOINT TEXT: the event that says it, if it was published.
published() { bus replay "$1" --since 48h 2>/dev/null | grep -e "$2" | sed -n 1p; }

# endpoint PUBLISHER: where it publishes, as followers of this machine find it.
endpoint() { sed -n 's/.*\(tcp:[^"]*\)".*/\1/p' "/etc/busbar/publishers.d/$1.toml" | head -n 1; }

# said PUBLISHER TEXT: waits for an event, and shows it.
said() {
	local at
	at=$(endpoint "$1")
	until_ published "$at" "$2"
	say "$1: $(published "$at" "$2")"
}

active() { systemctl is-active --quiet "$1"; }

# letter NAME: a mail of a list.
letter() {
	printf 'From: Jane Doe <jane@example.org>\nTo: cooks@example.org\nList-Id: <cooks.example.org>\nMessage-ID: <%s@example.org>\nDate: Mon, 06 Jul 2026 10:00:00 +0000\nSubject: Soup %s\n\nIs ready.\n' "$1" "$1"
}

# configured FILE...: how many lines of configuration are in files, as far as they are there.
configured() { cat "$@" 2>/dev/null | grep -cv -e '^ *#' -e '^ *$' || true; }

for file in "${BASH_SOURCE%/*}"/*.sh; do
	[ "$file" -ef "${BASH_SOURCE[0]}" ] || . "$file"
done
[ "$(type -t "stage_$step")" = function ] || die "there is no such stage"
"stage_$step"
