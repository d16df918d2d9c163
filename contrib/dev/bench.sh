#!/usr/bin/env bash
# Runs all benchmarks: bench.sh [PATTERN], then the whole way from a mail to a
# subscriber. About two minutes. The machine is printed first, for a figure
# without its machine says nothing.
set -eu
cd "$(dirname "$0")/../.."
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
memory=$(awk '/^MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo)
echo "machine: ${cpu:-unknown processor}, $(nproc) cores, $memory, Linux $(uname -r)"
echo "built:   $(go version | cut -d' ' -f3-), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
# One package at a time: two would measure each other.
go test -p 1 -run '^$' -bench "${1:-.}" -benchtime 300ms -benchmem -timeout 1h ./... |
	grep -v -e '^goos:' -e '^goarch:' -e '^cpu:' -e 'no test files' -e '^PASS$'
exec go run ./contrib/trials/bench
