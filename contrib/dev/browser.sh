#!/usr/bin/env bash
# Installs Debian's chromium-headless-shell and chromium, where they are not there: about
# 200 MB to fetch and 650 MB on the disk, more than any other package of the tests. So they
# are not among those that `make test` installs. The shell is quick, and opens all pages; it
# has no notifications and no push service, for which there is the whole browser.
set -eu

command -v chromium-headless-shell >/dev/null && command -v chromium >/dev/null && exit 0
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq -o Acquire::Retries=3
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -qq -y --no-install-recommends -o Acquire::Retries=3 chromium-headless-shell chromium </dev/null
