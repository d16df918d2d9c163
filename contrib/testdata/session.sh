# What begins each session (setup_test.go): a machine that is this one but for its /etc,
# which is $ETC, and for what $SYSTEMS of $MAILSYSTEMS lay over it. It has homes, spools,
# logs, processes and a network of its own, all of which end with the session.
set -eE
trap 'echo "session: failed at: $BASH_COMMAND" >&2' ERR
mount --make-rprivate /
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work
lower=/usr
for system in $SYSTEMS; do
	lower=$MAILSYSTEMS/$system/usr:$lower
	[ ! -d "$MAILSYSTEMS/$system/etc" ] || cp -a "$MAILSYSTEMS/$system/etc/." "$ETC/"
done
mount --bind "$ETC" /etc
mount -t overlay none -o "lowerdir=$lower,upperdir=/mnt/upper,workdir=/mnt/work" /usr
for dir in /home /run /var/lib /var/spool /var/mail /var/log /srv; do
	mount -t tmpfs none $dir
done
mkdir -p /run/lock
ip link set lo up
umask 022
export LANG=C.UTF-8

# As the package has them.
find "$BIN" -maxdepth 1 -type f -exec install -m 755 -t /usr/bin/ {} +
install -D -m 755 contrib/mta/mail2bus-pipe /usr/lib/busbar/mail2bus-pipe

# fails CODE COMMAND...: a command that must exit with a code.
fails() {
	local code=$1 got=0
	shift
	"$@" || got=$?
	[ $got = "$code" ] || { echo "session: exits with $got, not $code: $*" >&2; exit 1; }
}

# until_ COMMAND...: waits until a command succeeds.
until_() {
	local end=$((SECONDS + ${PATIENCE:-150}))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "session: it never came: $*" >&2; "$@" >&2 || true; tail -n 60 /var/log/mail.log /var/log/exim4/mainlog /var/log/dovecot.log >&2 || true; exit 1; }
		sleep 0.2
	done
}

# retried COMMAND...: has the mail system try again what waits, and tells whether a
# command succeeds. Once is not enough: what it logs as deferred may still be in delivery
# for a moment, and is then left out.
retried() { retry && "$@"; }

# letter NUMBER: a mail of a list.
letter() {
	printf 'From: Jane Doe <jane@example.org>\nTo: cooks@example.org\nList-Id: <cooks.example.org>\nMessage-ID: <%s@example.org>\nDate: Mon, 06 Jul 2026 10:00:00 +0000\nSubject: Soup %s\n\nIs ready.\n' "$1" "$1"
}

# spooled NUMBER: whether that mail is in the spool, and the daemon may read it.
spooled() { setpriv --reuid busbar --regid busbar --clear-groups grep -rlqP "^Subject: Soup $1\\r?$" /var/spool/busbar/mail/new; }

# daemon [USER]: mail2bus as its unit runs it, as far as users and keys go.
daemon() {
	local user=${1:-busbar} group groups
	group=$(id -gn "$user")
	install -d -o "$user" -g "$group" /var/lib/busbar/mail2bus
	install -o "$user" -m 400 /etc/busbar/mail2bus.key /run/key
	groups=--clear-groups
	[ "$user" = busbar ] || groups=--groups=busbar
	BUSBAR_SIGN_KEY=/run/key setpriv --reuid "$user" --regid "$group" $groups mail2bus run 2>/var/log/mail2bus.log &
}

# published NUMBER: waits until that mail is an event that a follower sees.
published() { bus tail --from start --count "${2:-1}" --timeout 150s 2>/dev/null | tee /dev/stderr | grep "Soup $1"; }

# arrived MAILDIR, moved MAILDIR: whether a mail waits there, or was read.
arrived() { [ -n "$(ls -A "$1/new")" ]; }
moved() { [ -n "$(ls -A "$1/cur")" ]; }

install -d -o alice -g alice -m 755 /home/alice
