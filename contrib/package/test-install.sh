#!/usr/bin/env bash
# Installs the Debian packages in booted Debian systems of their own, and does with
# them what an administrator does: test-install.sh [SUITE...] (bookworm trixie).
#
# It wants root, mmdebstrap, systemd-nspawn, debhelper and lintian (Debian: apt install
# mmdebstrap systemd-container debhelper lintian), and the network that apt and go
# use; the systems themselves have a network of their own, without a way out. Where
# systemd-nspawn cannot boot a system, it fails and says so.
#
# It goes by stages. Each is a boot of what another stage left (or, base, of a new
# Debian), by an overlay, and what it does is the function of its name in inside/.
#
#   ONLY="STAGE..."  these instead of an administrator's life, and those that they need
#                    and KEEP does not have
#   KEEP=DIR         keep the systems there, as stages left them, and use them again
#   PACKAGES=DIR     keep the packages there, likewise
set -euo pipefail

suites=("$@")
[ $# -gt 0 ] || suites=(bookworm trixie)
cd "$(dirname "$0")/../.."
die() {
	echo "test-install: $*" >&2
	exit 1
}

# Each stage with that on which it stands: an administrator's life, then a day of many
# events and other ways to begin, which run where ONLY names them.
life=(install events services rebooted upgrade policy remove purge)
stages=(
	"install base" "events install" "services events"
	"rebooted services" "upgrade rebooted" "policy upgrade" "remove policy" "purge remove"
	"day services" "notify-mail services" "readme base" "byhand base" "mariadb install" "wannabuild install" "owners install"
	"postfix-pipe install" "postfix-alias install" "postfix-forward install" "postfix-maildir install" "postfix-virtual install"
	"exim-split install" "exim-one install" "exim-forward install" "exim-maildir install"
	"dovecot-lmtp install" "dovecot-lda install" "dovecot-sieve install"
	"procmail install" "maildrop install"
)
under() { # STAGE: on which stage it stands
	local pair
	for pair in "${stages[@]}"; do
		[ "${pair% *}" != "$1" ] || { echo "${pair#* }" && return; }
	done
	die "there is no stage $1; there are: $(printf '%s, ' "${stages[@]% *}")"
}
for stage in ${ONLY:-}; do
	under "$stage" >/dev/null
done

[ "$(id -u)" = 0 ] || die "only root can boot a Debian system"
for program in mmdebstrap systemd-nspawn dh lintian nsenter; do
	command -v $program >/dev/null || die "$program is not there; on Debian: apt install mmdebstrap systemd-container debhelper lintian"
done
arch=$(dpkg --print-architecture)

work=$(mktemp -d /var/tmp/busbar-install.XXXXXX)
keep=$(realpath -m "${KEEP:-$work/keep}")
machine= init= # systemd-nspawn, and the first process of the system that it runs
cleanup() {
	[ -z "$machine" ] || kill -KILL $init "$machine" 2>/dev/null || true
	wait || true
	for _ in 1 2 3 4 5; do # what ran there may take a moment to end
		rm -rf --one-file-system "$work" && break
		sleep 1
	done
}
trap cleanup EXIT
say() { echo "test-install: $*"; }

# The packages: a version before, and this one, twice, in folders of different names.
build() {
	local version
	version=$(contrib/package/version.sh)
	say "building $version"
	contrib/package/deb.sh "$packages/new" "$arch"
	lintian --fail-on error,warning "$packages"/new/*.deb || die "lintian complains"
	say "lintian has nothing to say"
	git clone -q . "$work/another folder"
	(cd "$work/another folder" && VERSION=$version contrib/package/deb.sh "$packages/again" "$arch")
	cmp "$packages/new/SHA256SUMS" "$packages/again/SHA256SUMS" || die "two builds of one source differ"
	say "two builds have the same sums"
	# Of another day, so that systemd sees other units in an upgrade.
	VERSION="0~before" SOURCE_DATE_EPOCH=$(($(contrib/package/version.sh date) - 86400)) contrib/package/deb.sh "$packages/old" "$arch"
	CGO_ENABLED=0 go build -o "$packages/tracker" ./contrib/package/tracker
	touch "$packages/done"
	say "built after $SECONDS s"
}
SECONDS=0
packages=$(realpath -m "${PACKAGES:-$work/packages}")
[ -e "$packages/done" ] || build

# debian makes a new Debian in $keep/SUITE/base. It has all servers that stages use, but
# for Exim, which takes Postfix' place: its packages wait in /exim.
debian() {
	say "making Debian $suite"
	# Without a mirror, mmdebstrap takes Debian's own, with updates and security.
	mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io \
		--include=systemd-sysv,dbus,man-db,procps,postfix,dovecot-core,dovecot-lmtpd,dovecot-sieve,procmail,maildrop,postgresql,mariadb-server,nats-server,git,subversion,mercurial,iproute2,curl,openssl,sqlite3,bash-completion \
		--customize-hook='mkdir -p "$1/exim/partial" && chroot "$1" apt-get -qq -y --download-only --no-install-recommends -o Dir::Cache::archives=/exim install exim4-daemon-light' \
		"$suite" "$keep/$suite/base.part"
	# What a machine at home has, and what no daemon here needs.
	echo force-unsafe-io >"$keep/$suite/base.part/etc/dpkg/dpkg.cfg.d/quick" # nothing here outlives a power cut
	rm -f "$keep/$suite/base.part/etc/resolv.conf" "$keep/$suite/base.part/usr/sbin/policy-rc.d"
	echo "busbar-$suite" >"$keep/$suite/base.part/etc/hostname"
	mv "$keep/$suite/base.part" "$keep/$suite/base"
}

# boot LAYERS UPPER starts the system of an overlay, and waits until it is up. Where the
# machine's groups of processes are of the old kind, it gets a tree of the new one.
boot() {
	mkdir -p "$2" "$work/root" "$work/overlay"
	unshare --mount bash -c '
		mount --make-rprivate /
		if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
			umount -R /sys/fs/cgroup
			mount -t cgroup2 none /sys/fs/cgroup
		fi
		mount -t overlay none -o "lowerdir=$1,upperdir=$2,workdir=$3/overlay" "$3/root"
		exec systemd-nspawn --quiet --register=no --keep-unit --private-network --directory "$3/root" --machine "$4" \
			--bind-ro="$5:/packages" --bind-ro="$6:/src" --kill-signal=SIGRTMIN+3 --boot
	' bash "$1" "$2" "$work" "busbar-$suite" "$packages" "$PWD" </dev/null >"$work/console" 2>&1 &
	machine=$!
	local end=$((SECONDS + 900)) state=
	init=
	while [ $SECONDS -lt $end ]; do
		kill -0 $machine 2>/dev/null || break
		init=$(pgrep -P "$(pgrep -P $machine -f systemd-nspawn | head -n 1 || echo $machine)" | head -n 1 || true)
		[ -n "$init" ] || init=$(pgrep -P $machine | head -n 1 || true)
		if [ -n "$init" ] && [ "$(cat "/proc/$init/comm" 2>/dev/null)" = systemd ]; then
			state=$(inside systemctl is-system-running 2>/dev/null || true)
			case $state in running | degraded) return 0 ;; esac
		fi
		sleep 0.5
	done
	tail -n 20 "$work/console" >&2
	die "$suite cannot be booted here (at last its state was: ${state:-nothing}); systemd-nspawn must be able to boot a system on this machine"
}

inside() {
	nsenter --target "$init" --mount --uts --ipc --net --pid --root \
		env -i -C / PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# down ends the system in an orderly way.
down() {
	inside systemctl poweroff >/dev/null 2>&1 || true
	wait $machine || true
	machine=
	rm -rf "$work/overlay"
}

# run_stage STAGE: what it needs, then itself; what it leaves is $keep/SUITE/STAGE.
run_stage() {
	local below layers=$keep/$suite/base begin
	if [ "$1" = base ]; then
		[ -e "$keep/$suite/base" ] || debian
		return
	fi
	below=$(under "$1")
	[ -e "$keep/$suite/$below" ] || run_stage "$below"
	while [ "$below" != base ]; do
		layers=${layers%"$keep/$suite/base"}$keep/$suite/$below:$keep/$suite/base
		below=$(under "$below")
	done
	begin=$SECONDS
	rm -rf --one-file-system "$keep/$suite/$1" "$keep/$suite/$1.part"
	boot "$layers" "$keep/$suite/$1.part"
	inside bash /src/contrib/package/inside/stage.sh "$1" || die "$suite: $1 fails"
	down
	mv "$keep/$suite/$1.part" "$keep/$suite/$1"
	say "$suite: $1 is done, in $((SECONDS - begin)) s"
}

needed() { # STAGE: whether a stage to come stands on it
	local pair
	for pair in "${stages[@]}"; do
		[ "${pair#* }" != "$1" ] || return 0
	done
	return 1
}

for suite in "${suites[@]}"; do
	run_stage base
	[ -n "${ONLY:-}" ] || find "$keep/$suite" -mindepth 1 -maxdepth 1 -not -name base -exec rm -rf --one-file-system {} +
	for stage in ${ONLY:-"${life[@]}"}; do
		run_stage "$stage"
		needed "$stage" || [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$keep/$suite/$stage"
	done
	[ -n "${KEEP:-}" ] || rm -rf --one-file-system "${keep:?}/$suite"
	say "$suite is done"
done
say "all is well, after $SECONDS s"
