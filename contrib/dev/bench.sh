#!/usr/bin/env bash
# Runs all benchmarks: bench.sh [PATTERN]. The machine is printed first, for a
# figure without its machine says nothing.
set -eu
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
memory=$(awk '/^MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo)
echo "machine: ${cpu:-unknown processor}, $(nproc) cores, $memory, Linux $(uname -r)"
echo "built:   $(go version | cut -d' ' -f3-), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
# One package at a time: two would measure each other.
exec go test -p 1 -run '^$' -bench "${1:-.}" -benchmem -timeout 1h ./...
