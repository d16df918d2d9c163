#!/usr/bin/env bash
# Writes the pages of docs/reference from the programs themselves; `make test`
# fails when they are out of date.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p docs/reference
go test -count=1 -run 'Reference$' ./bus ./mail2bus -update
