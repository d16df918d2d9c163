#!/usr/bin/env bash
# Fails, and names the files, where gofmt would change something.
set -eu
files=$(gofmt -l .)
[ -z "$files" ] || { printf 'gofmt: run gofmt -w on:\n%s\n' "$files" >&2; exit 1; }
