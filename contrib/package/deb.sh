#!/bin/bash
# Builds the Debian packages, for each ARCH (amd64 arm64): deb.sh FOLDER ARCH...
# They come into FOLDER, with sums in SHA256SUMS. VERSION and MAINTAINER can be set.
set -eu

out=$(realpath -m "$1")
shift
cd "$(dirname "$0")/../.."
command -v dh >/dev/null && command -v dpkg-buildpackage >/dev/null || {
	echo "deb.sh: debhelper is not there; on Debian: apt install debhelper" >&2
	exit 1
}
VERSION=${VERSION:-$(contrib/package/version.sh)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(contrib/package/version.sh date)}
MAINTAINER=${MAINTAINER:-$(git log -1 --format='%an <%ae>')}
export VERSION SOURCE_DATE_EPOCH SOURCE=$PWD

mkdir -p "$out"
work=$(mktemp -d) # a folder of its own, so that nothing of this one is in the packages
trap 'rm -rf "$work"' EXIT
kind=binary # the first architecture brings what is for all
for arch in "$@"; do
	export BUILD=$work/$arch
	contrib/package/build.sh "$arch" "$BUILD"
	stage=$work/stage-$arch/busbar
	mkdir -p "$stage"
	cp -r contrib/package/debian "$stage/debian"
	sed -i "s/@MAINTAINER@/$MAINTAINER/" "$stage/debian/control"
	sed '1,/^Copyright/d' LICENSE | sed -e '1{/^$/d}' -e 's/^$/./' -e 's/^/ /' >"$work/license"
	sed -i -e "s/@COPYRIGHT@/$(sed -n 's/^Copyright *//p' LICENSE)/" \
		-e "/@LICENSE@/{r $work/license" -e 'd}' "$stage/debian/copyright"
	cat >"$stage/debian/changelog" <<-END
		busbar ($VERSION) unstable; urgency=medium

		  * Built from its source; git log says what has changed.

		 -- $MAINTAINER  $(date -uR -d "@$SOURCE_DATE_EPOCH")
	END
	(cd "$stage" && dpkg-buildpackage --build=$kind --host-arch "$arch" --no-check-builddeps --unsigned-changes --unsigned-buildinfo) >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
	mv "$work/stage-$arch"/*.deb "$work/stage-$arch"/*.changes "$work/stage-$arch"/*.buildinfo "$out/"
	kind=any
done
(cd "$out" && sha256sum -- *_"$VERSION"_*.deb >SHA256SUMS)
