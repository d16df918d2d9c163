#!/usr/bin/env bash
# Runs every fuzz target of every package for a time: fuzz.sh 5m [PATTERN].
# Goes on after a finding, and fails at the end. What is new is hardly made smaller:
# that would take most of the time.
set -eu
time=${1:-5m} pattern=${2:-.}
ran=0 failed=()
for pkg in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' | grep -E "$pattern" || true); do
		echo "fuzz: $pkg $target for $time"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "$pkg" || failed+=("$pkg $target")
		ran=$((ran + 1))
	done
done
echo "fuzz: $ran targets, ${#failed[@]} failed"
[ "$ran" -gt 0 ] || { echo "fuzz: no target matches $pattern" >&2; exit 1; }
[ ${#failed[@]} -eq 0 ] || { printf 'fuzz: failed: %s\n' "${failed[@]}" >&2; exit 1; }
