#!/usr/bin/env bash
# Runs make test in a fresh Debian of another release, with today's packages, in
# a folder of its own that is removed afterwards: debian.sh SUITE [COMMAND...].
#
# It wants root, mmdebstrap and unshare, and the network that apt and go use. Go
# comes from this machine, as do modules that it has already; everything else is
# installed by make test itself. KEEP=DIR keeps the system in DIR, and uses it
# again if it is there. COMMAND replaces make test.
set -eu

suite=${1:?a suite is missing: bookworm, trixie}
shift
[ $# -gt 0 ] || set -- make test
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
	echo "debian.sh: only root can make a Debian system" >&2
	exit 1
fi
command -v mmdebstrap >/dev/null || {
	echo "debian.sh: mmdebstrap is not there; on Debian: apt install mmdebstrap" >&2
	exit 1
}

root=${KEEP:-$(mktemp -d /var/tmp/busbar-debian.XXXXXX)}
[ -n "${KEEP:-}" ] || trap 'rm -rf --one-file-system "$root"' EXIT
if [ ! -e "$root/etc/debian_version" ]; then
	chmod 755 "$root" 2>/dev/null || true
	# Without a mirror, mmdebstrap takes Debian's own, with updates and security.
	mmdebstrap --quiet --variant=apt --include=ca-certificates,git,make "$suite" "$root"
fi
echo "debian.sh: Debian $(cat "$root/etc/debian_version") in $root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
rm -rf "$root/src"
git clone -q . "$root/src"

goroot=$(go env GOROOT) modules=$(go env GOMODCACHE)
mkdir -p "$root$goroot" "$root/modules" "$root/proc" "$root/sys" "$root/dev"
# What is mounted, and every process, ends with the command.
unshare --mount --pid --fork --kill-child bash -eu -c '
	root=$1 goroot=$2 modules=$3
	shift 3
	mount --make-rprivate /
	mount --bind "$root" "$root" # a test mounts, and / has to be a mount for that
	mount --bind "$goroot" "$root$goroot"
	[ ! -d "$modules" ] || mount --bind "$modules" "$root/modules"
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount --rbind /dev "$root/dev"
	exec chroot "$root" env -i HOME=/root TERM=dumb LANG=C.UTF-8 GOFLAGS=-buildvcs=false GOMODCACHE=/modules \
		PATH="$goroot/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
		sh -c "cd /src && exec \"\$@\"" sh "$@"
' bash "$root" "$goroot" "$modules" "$@"
