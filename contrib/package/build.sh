#!/bin/sh
# Builds all that is packaged, for one architecture: build.sh ARCH FOLDER. The
# programs go into FOLDER/bin, manual pages and completions into FOLDER/made.
# VERSION and SOURCE_DATE_EPOCH are those of version.sh, unless they are set. The
# same source makes the same bytes, in whatever folder.
set -eu

arch=$1 out=$2
cd "$(dirname "$0")/../.."
: "${VERSION:=$(contrib/package/version.sh)}" "${SOURCE_DATE_EPOCH:=$(contrib/package/version.sh date)}"
export VERSION SOURCE_DATE_EPOCH CGO_ENABLED=0 GOFLAGS=-mod=readonly

compile() { # ARCH FOLDER
	GOARCH=$1 go build -trimpath -buildvcs=false -tags nodemo \
		-ldflags "-s -w -buildid= -X busbar/common/node.linked=$VERSION" \
		-o "$2/" ./bus ./mail2bus ./dbpoll ./soapbus ./scmhook
}
rm -rf "$out/bin" "$out/made"
mkdir -p "$out/bin" "$out/made"
compile "$arch" "$out/bin"
# The programs write their own pages: those that this machine can run.
native=$out/bin
if [ "$arch" != "$(go env GOHOSTARCH)" ]; then
	native=$(mktemp -d)
	trap 'rm -rf "$native"' EXIT
	compile "$(go env GOHOSTARCH)" "$native"
fi
for program in bus mail2bus dbpoll soapbus scmhook; do
	"$native/$program" manual "$out/made"
done
go run ./contrib/package/pages "$out/made/man" "$VERSION" "$SOURCE_DATE_EPOCH"
