#!/usr/bin/env bash
# Installs Debian's chromium-headless-shell, where it is not there: about 100 MB to
# fetch and 320 MB on the disk, more than any other package of the tests. So it is not
# among those that `make test` installs.
set -eu

command -v chromium-headless-shell >/dev/null && exit 0
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq -o Acquire::Retries=3
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -qq -y --no-install-recommends -o Acquire::Retries=3 chromium-headless-shell </dev/null
