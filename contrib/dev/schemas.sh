#!/usr/bin/env bash
# Holds `bus catalog` to independent validators, which npm installs into a temporary
# folder: ajv, and the schema that the AsyncAPI Initiative publishes. Installs Debian's
# nodejs and npm, where they are not there.
set -eu

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	as_root=()
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	"${as_root[@]}" apt-get update -qq -o Acquire::Retries=3
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends -o Acquire::Retries=3 nodejs npm </dev/null
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --prefix "$dir" --no-audit --no-fund --silent ajv@8 @asyncapi/specs@6
go run ./bus catalog --asyncapi >"$dir/asyncapi.json"
go run ./bus catalog --format jsonschema >"$dir/schemas.json"
node contrib/dev/schemas.mjs "$dir/node_modules" "$dir/asyncapi.json" "$dir/schemas.json" fixtures
