#!/bin/sh
# Prints the version that a package of this source gets, in a form that Debian's,
# RPM's and Go's tools sort alike: a tag's (v1.2.3 is 1.2.3), or that of the commit,
# below the first one. `version.sh date` prints the commit's time, in seconds since
# 1970.
set -eu

cd "$(dirname "$0")/../.."
if [ "${1:-}" = date ]; then
	exec git log -1 --format=%ct
fi
if tag=$(git describe --exact-match --match 'v[0-9]*' 2>/dev/null); then
	echo "${tag#v}"
else
	TZ=UTC git log -1 --date=format-local:%Y%m%d.%H%M%S --format="0~git%cd.%h" --abbrev=10
fi
