#!/usr/bin/env bash
# Writes the page of docs/reference that comes from the adapters' declarations.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p docs/reference
go run ./bus catalog --format markdown >docs/reference/topics.md.new
mv docs/reference/topics.md.new docs/reference/topics.md
