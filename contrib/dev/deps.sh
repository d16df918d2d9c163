#!/usr/bin/env bash
# Installs the Debian packages that the tests use. Does nothing where all are
# there; says which are missing where it may not install.
#
#   curl                listens to the hub as a person does
#   jq                  reads messages in shell scripts that the pages show
#   dovecot-imapd       the other end of our IMAP
#   gcc libc6-dev       the race detector
#   git                 go's version stamp, and layers_test.go in a clone
#   gnupg               verifies our OpenPGP signatures, and makes keys for us
#   libsoap-lite-perl   what debbugs speaks SOAP with, the other end of our client
#   mandoc              reads the manual pages, and complains
#   mercurial, subversion
#                       repositories whose hooks are tried, and whose pushes are told
#   openssl             the other end of our certificates
#   procmail            the procmail snippet, run for real
#   python3-zmq         libzmq, the other end of our sockets
#   python3-cryptography  verifies our signatures as fedmsg does
#   strace              records what is written, for the power cuts
#   systemd             systemd-analyze, for the hardened unit
#   zsh, fish           shells whose completions are tried
#   xz-utils, zstd      pack archives of mails, which are read again
#   postfix             delivers by LMTP and by pipe; not where another mail system is
#   postgresql, mariadb-server, sqlite3
#                       databases to poll; tests start private servers
#   nats-server         the other end of bus forward, likewise
#   ngircd              the other end of notes by IRC, likewise
#   dbus-daemon         the other end of notes on the desktop
#   postgresql-NN-debversion
#                       the type of wanna-build's versions, where Debian has it
#
# No database server runs afterwards that did not run before, nor at the next
# start of the machine: while apt installs, its packages may start no service
# (policy-rc.d), and the services of the servers that were installed here are
# disabled. A policy of the machine's own is left as it is.
set -eu

packages=(curl dbus-daemon dovecot-imapd fish gcc git gnupg jq libc6-dev libsoap-lite-perl mandoc mercurial openssl procmail python3-cryptography python3-zmq sqlite3 strace subversion systemd xz-utils zsh zstd)
policy=${DEPS_POLICY:-/usr/sbin/policy-rc.d} # another one in the test of this script

if ! command -v go >/dev/null; then
	echo "deps: go is not there; install Go 1.26 or newer" >&2
	exit 1
fi

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }
# A server counts wherever it comes from: Debian, the project, by hand.
has() { command -v "$1" >/dev/null || compgen -G "$2" >/dev/null; }

missing=() servers=()
for p in "${packages[@]}"; do
	installed "$p" && continue
	missing+=("$p")
	[ "$p" != dovecot-imapd ] || servers+=(dovecot)
done
has postgres "${DEPS_ROOT:-}/usr/lib/postgresql/*/bin/postgres" || { missing+=(postgresql); servers+=(postgresql); }
has mariadbd "${DEPS_ROOT:-}/usr/sbin/mariadbd" || { missing+=(mariadb-server); servers+=(mariadb); }
has nats-server "${DEPS_ROOT:-}/usr/sbin/nats-server" || { missing+=(nats-server); servers+=(nats-server); }
has ngircd "${DEPS_ROOT:-}/usr/sbin/ngircd" || { missing+=(ngircd); servers+=(ngircd); }

# It would take the place of another mail system.
[ -e "${DEPS_ROOT:-}/usr/sbin/sendmail" ] || { missing+=(postfix); servers+=(postfix); }

# debversion belongs to the newest server, which is the one that tests start.
debversion() {
	local bin
	bin=$(compgen -G "${DEPS_ROOT:-}/usr/lib/postgresql/*/bin" | sort -V | tail -n 1) || return 1
	bin=${bin%/bin}
	echo "postgresql-${bin##*/}-debversion"
}
wanted=$(debversion || true)
[ -z "$wanted" ] || installed "$wanted" || ! apt-cache show "$wanted" >/dev/null 2>&1 || missing+=("$wanted")
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

if [ ! -e "$policy" ]; then
	# The trap is there first: whatever ends this script, services may start again.
	trap '"${as_root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi
install() {
	echo "deps: installing $*"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends -o Acquire::Retries=3 "$@" </dev/null
}
"${as_root[@]}" apt-get update -qq -o Acquire::Retries=3
install "${missing[@]}"
wanted=$(debversion || true) # the server may be there only now
if [ -n "$wanted" ] && ! installed "$wanted" && apt-cache show "$wanted" >/dev/null 2>&1; then
	install "$wanted"
fi
for service in "${servers[@]}"; do
	! command -v systemctl >/dev/null || "${as_root[@]}" systemctl --quiet disable "$service" || true
done
