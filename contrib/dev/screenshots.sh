#!/usr/bin/env bash
# Makes the pictures of docs/images: the pages of the demo's hub, in Chromium.
set -eu

out=$PWD/docs/images
dir=$(mktemp -d)
demo=
trap '[ -z "$demo" ] || kill -INT "$demo" 2>/dev/null || true; [ -z "$demo" ] || wait "$demo" || true; rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -o "$dir" ./bus ./mail2bus ./dbpoll ./soapbus ./scmhook
: >"$dir/demo.log"
PATH=$dir:$PATH TMPDIR=$dir bus demo --pace 50ms --stay >"$dir/demo.log" 2>&1 &
demo=$!
until grep -q 'Ctrl-C ends it' "$dir/demo.log"; do
	kill -0 "$demo" || { cat "$dir/demo.log" >&2; exit 1; }
	sleep 0.5
done
hub=$(sed -n 's/^The bus goes on. In a browser: \(.*\)\/ .*/\1/p' "$dir/demo.log")

# picture NAME PATH WIDTH HEIGHT [FLAG…]
picture() {
	chromium-headless-shell --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --user-data-dir="$dir/browser" \
		--window-size="$3,$4" "${@:5}" --screenshot="$out/$1.png" "$hub$2" 2>/dev/null
	echo "docs/images/$1.png"
}
mkdir -p "$out"
picture now / 1000 760
picture trace /trace/teapot 1000 760 --blink-settings=preferredColorScheme=0
