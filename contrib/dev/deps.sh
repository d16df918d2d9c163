#!/usr/bin/env bash
# Installs the Debian packages that the tests use. Does nothing where all are
# there; says which are missing where it may not install.
#
#   gcc libc6-dev       the race detector
#   git                 go's version stamp, and layers_test.go in a clone
#   openssl             the other end of our certificates
#   procmail            the procmail snippet, run for real
#   python3-zmq         libzmq, the other end of our sockets
#   python3-cryptography  verifies our signatures as fedmsg does
#   systemd             systemd-analyze, for the hardened unit
set -eu

packages=(gcc libc6-dev git openssl procmail python3-cryptography python3-zmq systemd)

if ! command -v go >/dev/null; then
	echo "deps: go is not there; install Go 1.26 or newer" >&2
	exit 1
fi

missing=()
for p in "${packages[@]}"; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
	[ "$status" = installed ] || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	as_root=(sudo)
	[ -t 0 ] || as_root=(sudo -n) # nobody is there to type a password
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
	echo "deps: these packages are missing, and this user may not install them:" >&2
	echo "deps:   ${missing[*]}" >&2
	echo "deps: install them, or run this as root or with sudo on Debian" >&2
	exit 1
fi

echo "deps: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq -o Acquire::Retries=3
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -qq -y --no-install-recommends -o Acquire::Retries=3 "${missing[@]}" </dev/null
