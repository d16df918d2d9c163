# An administrator's life with all programs of a machine.

stage_install() {
	quiet apt-get install -qq -y /packages/old/*.deb
	for program in bus "${adapters[@]}"; do
		[ "$($program --version)" = "$program 0~before" ] || die "$program is $($program --version)"
		man -w $program >/dev/null && man -w 5 $program.toml >/dev/null || die "$program has no manual"
	done
	man -w 7 busbar-topics >/dev/null && man -w bus-tail >/dev/null
	for unit in "${daemons[@]}"; do
		! active $unit || die "$unit runs before it is set up"
		[ "$(systemctl is-enabled $unit || true)" = disabled ] || die "$unit is $(systemctl is-enabled $unit)"
	done
	getent passwd busbar >/dev/null
	[ "$(stat -c '%a %U %G' /etc/busbar /var/spool/busbar/mail/new | tr '\n' ' ')" = "755 root root 2770 busbar busbar " ] || die "$(stat -c '%a %U %G' /etc/busbar /var/spool/busbar/mail/new)"
	systemctl --failed --no-legend | grep -i 'bus\|systemd-sysusers\|systemd-tmpfiles' && die "units failed" || true
	bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader bus; COMP_WORDS=(bus ta) COMP_CWORD=1; _bus; [ "${COMPREPLY[*]}" = tail ]'
	say "installed: $(dpkg-query -W -f '${Package} ${Installed-Size} KiB, ' 'busbar*')"
}

# measured ADAPTER: what it took until its first event.
measured() {
	say "$1: first event $((SECONDS - begun)) s after the first command; $count commands; $(configured /etc/busbar/$1.toml /etc/systemd/system/$1.service.d/*) lines of configuration, and $(configured /etc/busbar/bus.toml) that all share"
}
begin() { begun=$SECONDS count=1; } # one: apt

stage_events() {
	# Mail, by the commands of the page.
	until_ active postfix
	until_ test -S /var/spool/postfix/public/pickup
	begin
	typed "$(commands howto/mail-postfix.md 'An alias')"
	letter first | sendmail -i busbar@localhost
	said mail2bus 'Soup first'
	measured mail2bus

	# A table of PostgreSQL on this machine.
	until_ runuser -u postgres -- psql -qc 'SELECT 1'
	runuser -u postgres -- psql -q <<-END
		CREATE DATABASE udd;
		\c udd
		CREATE TABLE popcon (package text PRIMARY KEY, insts integer);
		INSERT INTO popcon VALUES ('hello', 4);
	END
	begin
	typed "$(commands howto/any-table.md 'With the package' 1)"
	until_ compared
	runuser -u postgres -- psql -q udd -c "UPDATE popcon SET insts = 5 WHERE package = 'hello'"
	said dbpoll popcon
	measured dbpoll

	# A push.
	useradd --system --create-home --home-dir /srv/git --shell /bin/sh git
	runuser -u git -- git init -q --bare --initial-branch main /srv/git/soup.git
	runuser -u git -- git init -q --initial-branch main /srv/git/work
	runuser -u git -- git -C /srv/git/work remote add origin /srv/git/soup.git
	begin
	typed "$(commands howto/git-hooks.md 'With the package')"
	push 'Add salt'
	said scmhook 'Add salt'
	measured scmhook

	# A bug.
	tracker
	begin
	typed "$(commands howto/soap.md 'With the package' | sed 's|https://bugs.debian.org/|http://127.0.0.1:8080/|')"
	# A tracker of this machine may be asked often.
	printf 'interval = "5s"\nrate = 600\ngrace = "0s"\n' >>/etc/busbar/soapbus.toml
	systemctl restart soapbus
	until_ swept
	curl -sf -X POST http://127.0.0.1:8080/report >/dev/null
	said soapbus 'lamp flickers'
	measured soapbus
}

tracker() {
	systemd-run --quiet --unit=tracker /packages/tracker 127.0.0.1:8080
	until_ curl -sf -o /dev/null -X POST http://127.0.0.1:8080/report
}

push() { # TEXT: a commit, pushed to /srv/git/soup.git by its owner
	runuser -u git -- bash -c 'cd ~/work && date +%s%N >file && git add file && git -c user.name=Jane -c user.email=jane@example.org commit -qm "$1" && git push -q origin HEAD:refs/heads/main' bash "$1"
}

compared() { dbpoll status | finds 'popcon: 1 rows'; }
swept() { soapbus status | finds 'bugs known' && ! soapbus status | finds baseline; }

# The other daemons, and repositories of Subversion and Mercurial.
stage_services() {
	tracker
	install -d -o git -g git /srv/svn /srv/hg
	runuser -u git -- svnadmin create /srv/svn/tea
	runuser -u git -- hg init -q /srv/hg/coffee
	# On a loaded machine hg takes more than a minute to begin.
	sed -i 's|^repositories = .*|repositories = ["/srv/git/*.git", "/srv/svn/*", "/srv/hg/*"]\ntimeout = "10m"|' /etc/busbar/scmhook.toml
	typed "$(commands howto/svn-hg-hooks.md 'Set up' 2)"
	runuser -u git -- svn -q mkdir -m 'Put the kettle on' file:///srv/svn/tea/trunk
	said scmhook 'Put the kettle on'
	runuser -u git -- bash -ec 'cd /srv/hg/coffee && echo beans >list && hg add -q list && hg commit -qu "Jane <jane@example.org>" -m "Grind beans"'
	said scmhook 'Grind beans'

	typed "$(commands howto/webhooks.md '1. Start the server' 4)"
	until_ active scmhook-webhooks
	hooked
	until_ published tcp://127.0.0.1:9945 'tea/kettle'
	say "webhooks: $(published tcp://127.0.0.1:9945 tea/kettle)"
	hooked 's|refs/heads/main|main|'
	scmhook poison --webhooks list | finds "is no ref's full name" || die "what cannot be read of webhooks is not found: $(scmhook poison --webhooks list)"
	scmhook poison --webhooks drop 1 # followers' check fails while it is kept

	toml howto/hub.md 'keep_age = "8760h"' >>/etc/busbar/bus.toml
	typed "$(commands howto/hub.md 'Keep and serve what is said')"
	until_ heard Soup
	say "hub: $(curl -sf 'http://127.0.0.1:9480/raw?rows_per_page=1' | head -c 100)…"

	nats
	toml howto/forward.md 'to = ["nats://127.0.0.1:4222"]' >>/etc/busbar/bus.toml
	until_ bus forward --check
	typed "$(commands howto/forward.md 'Bring what is said into NATS')"
	until_ forwarded
	say "forward: $(bus forward --check | tr '\n' ' ')"
	# Jane's mails stay on this machine, and reach her at night, too.
	useradd --create-home jane
	postconf -e 'virtual_alias_maps = inline:{{jane@example.org=jane}}'
	postfix reload
	people
	typed "$(fenced sh howto/notify.md 'bus notify check' | sed '/ test /d')"
	typed "$(commands howto/notify.md 'Set it up')"
	until_ active bus-notify
	bug 900000 kettle | mail2bus deliver
	until_ mailed '#900000'
	say "notify: $(grep -m 1 '^Subject:.*900000' /var/mail/jane)"

	badges
	typed "$(commands howto/badges.md 'Set it up')"
	until_ active bus-badges
	until_ eval "bus badges list | finds -i 'bug.reporter'"
	until_ heard bug-reporter
	say "badges: $(bus badges list | grep -im 1 'bug.reporter')"

	# Followers of this machine find all publishers, and daemons read their configuration again.
	bus endpoints >$state/endpoints || die "bus endpoints: $(cat $state/endpoints)"
	for publisher in "${adapters[@]}" scmhook-webhooks; do
		grep -q "$publisher\.busbar" $state/endpoints || die "bus endpoints does not have $publisher: $(cat $state/endpoints)"
	done
	for unit in "${adapters[@]}" scmhook-webhooks bus-notify bus-badges; do
		pid=$(systemctl show -P MainPID $unit)
		systemctl reload $unit
		until_ eval "journalctl -q -u $unit | finds 'reloaded\|read again'"
		[ "$(systemctl show -P MainPID $unit)" = "$pid" ] || die "$unit was started again by a reload"
	done
	until_ bus check
	bus check
	exposed
}

# badges: the page's configuration.
badges() { toml howto/badges.md 'what it says of awards' >>/etc/busbar/bus.toml; }
# people: who is told what, as the page has it. mailed TEXT: whether Jane has a mail of it.
people() {
	toml howto/notify.md 'from = "Busbar' >>/etc/busbar/bus.toml
	install -d /etc/busbar/notify.d
	toml howto/notify.md '[people.jane]' | sed 's/^quiet = .*//' >/etc/busbar/notify.d/people.toml
}
mailed() { grep -q "^Subject:.*$1" /var/mail/jane; }
# bug NUMBER PACKAGE: a mail that reports it.
bug() { sed -e "s/812002/$1/g" -e "s/samovar/$2/g" -e "s/heat\.1@/heat.$1@/" /src/fixtures/debbugs/report-list-copy-nonascii.mail; }

# People who subscribe by mail, by Postfix, as the page of that has it.
stage_notify-mail() {
	local page=howto/notify-self.md
	until_ active bus-notify
	sed -i '/^\[notify\]$/,/^from = /d' /etc/busbar/bus.toml # what the page has instead
	toml $page 'control = "notify-control' | sed 's/^\[notify\].*/&\nlisten = "127.0.0.1:9483"/' >>/etc/busbar/bus.toml
	postconf -e 'mydestination = $myhostname, localhost, example.org'
	typed "$(commands $page 'With Postfix')"
	systemctl restart bus-notify
	until_ active bus-notify
	asks() { printf 'From: jane@example.org\nTo: notify-control@example.org\nMessage-ID: <%s@example.org>\nSubject: %s\n\n%s\nthanks\n' "$1" "$1" "$2" | sendmail -f jane@example.org notify-control@example.org; }
	code() { grep -io 'confirm [0-9a-z]\{6,\}' /var/mail/jane; }
	asks first 'subscribe samovar'
	until_ code
	say "notify by mail: $(code | tail -n 1)"
	asks second "$(code | tail -n 1)"
	until_ grep -iq 'subject: .*second' /var/mail/jane
	bug 900001 samovar | mail2bus deliver
	until_ mailed '#900001'
	bus notify status
}

# hooked [SED]: a forge reports a push, as an edit leaves it.
hooked() {
	sed "${1:-}" /src/fixtures/webhooks/gitlab-push.json | curl -sf -H 'Content-Type: application/json' -H 'X-Gitlab-Event: Push Hook' -H "X-Gitlab-Token: $(cat /etc/busbar/scmhook.secrets)" --data-binary @- http://127.0.0.1:9944/hooks
}
# nats: a server with JetStream, as Debian's package runs it.
nats() {
	printf 'listen: 127.0.0.1:4222\njetstream { store_dir: /var/lib/nats }\n' >/etc/nats-server.conf
	install -d -o nats -g nats /var/lib/nats
	systemctl enable -q nats-server
	systemctl restart nats-server
	until_ bash -c '</dev/tcp/127.0.0.1/4222'
}
# heard TEXT: whether the hub has it; forwarded: whether something is in NATS' stream.
heard() { curl -sf 'http://127.0.0.1:9480/raw?rows_per_page=100' | finds "$1"; }
forwarded() { [ "$(curl -sf http://127.0.0.1:9482/status.json | grep -o '"forwarded":[0-9]*' | cut -d: -f2)" -gt 0 ]; }

# exposed: what each unit leaves open, as it is installed and runs.
exposed() {
	for unit in "${daemons[@]}"; do
		until_ active $unit
		systemctl is-enabled --quiet $unit || die "$unit does not start with the machine"
		exposure=$(systemd-analyze security --no-pager $unit.service | awk '/Overall exposure/ {for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) print $i}')
		awk -v x="$exposure" 'BEGIN {exit !(x != "" && x <= 1.1)}' || die "$unit leaves $exposure open"
		say "$unit: exposure $exposure, up after $(systemctl show -P ExecMainStartTimestampMonotonic -P ActiveEnterTimestampMonotonic $unit | tr '\n' ' ' | awk '{d = $1 - $2; if (d < 0) d = -d; print int(d / 1000)}') ms"
	done
}

# A day of Debian's, as fast as it goes: 430 bug mails and 125 uploads (of fedmsg's first
# months there), 3,000 changes of a table, 500 commits in 100 pushes.
stage_day() {
	local before n
	tracker
	for unit in "${daemons[@]}"; do
		until_ active $unit
	done
	before=$SECONDS
	for n in $(seq 430); do
		# Every tenth is about a package of Jane's.
		bug $((910000 + n)) $([ $((n % 10)) -gt 0 ] && echo samovar || echo kettle) >$state/mail
		mail2bus deliver --spool /var/spool/busbar/mail <$state/mail
	done
	for n in $(seq 125); do
		sed -e "s/3\.1-2/3.1-day$n/g" -e "s/E1fx001/E1day$n/" /src/fixtures/dak/announced.mail >$state/mail
		mail2bus deliver --spool /var/spool/busbar/mail <$state/mail
	done
	# A database of this machine may be asked often.
	mkdir -p /etc/systemd/system/dbpoll.service.d
	printf '[Service]\nEnvironment=BUSBAR_DB_INTERVAL=1s\n' >/etc/systemd/system/dbpoll.service.d/often.conf
	systemctl daemon-reload
	systemctl restart dbpoll
	runuser -u postgres -- psql -q udd -c "INSERT INTO popcon SELECT 'p' || n, 0 FROM generate_series(1, 300) n"
	for n in $(seq 9); do
		until_ polled $((1 + 300 * n))
		runuser -u postgres -- psql -q udd -c "UPDATE popcon SET insts = insts + 1 WHERE package LIKE 'p%'"
	done
	until_ polled 3001
	runuser -u git -- bash -ec 'cd ~/work && for n in $(seq 100); do
		for m in 1 2 3 4 5; do git -c user.name=Jane -c user.email=jane@example.org commit -q --allow-empty -m "Day $n, $m"; done
		git push -q origin HEAD:refs/heads/main
	done'
	for n in $(seq 20); do
		curl -sf -X POST http://127.0.0.1:8080/report >/dev/null
	done
	rm /etc/systemd/system/dbpoll.service.d/often.conf
	systemctl daemon-reload
	systemctl restart dbpoll
	until_ read_all
	said scmhook 'Day 100, 5'
	say "a day took $((SECONDS - before)) s; $(for unit in "${adapters[@]}"; do echo "$unit $(newest $unit),"; done | tr '\n' ' ')messages"
	until_ caught_up
	for unit in "${daemons[@]}"; do
		say "$unit: $(awk '/VmRSS/ {print $2}' "/proc/$(systemctl show -P MainPID $unit)/status") KiB resident, $(du -sk "$(stored $unit)" | cut -f 1) KiB on disk"
	done
}
# newest ADAPTER: how many messages it has published; polled NUMBER: whether dbpoll has
# published so many; read_all, caught_up: whether nothing waits in the spool, in the hub
# and in bus forward.
newest() { "$1" status | sed -n 's/.*numbers *[0-9]* to \([0-9]*\).*/\1/p' | head -n 1; }
polled() { [ "$(newest dbpoll)" -ge "$1" ]; }
stored() { case $1 in bus-*) echo "/var/lib/busbar/${1#bus-}" ;; *) echo "/var/lib/busbar/$1" ;; esac; }
read_all() { [ -z "$(ls /var/spool/busbar/mail/new)" ]; }
caught_up() { ! curl -sf http://127.0.0.1:9480/status.json | finds '"lag":[1-9]' && curl -sf http://127.0.0.1:9482/status.json | finds '"waiting":0'; }

stage_rebooted() {
	tracker
	for unit in "${daemons[@]}"; do
		until_ active $unit
	done
	letter second | sendmail -i busbar@localhost
	said mail2bus 'Soup second'
	push 'Add pepper'
	said scmhook 'Add pepper'
	until_ heard 'Soup second'
	! journalctl -q -b -p err -u mail2bus -u scmhook -u dbpoll -u bus-hub | grep . || die "errors in the log"
	say "all daemons are back after a boot"
}

stage_upgrade() {
	tracker
	for unit in "${daemons[@]}"; do
		until_ active $unit
	done
	echo '# mine' >>/etc/busbar/mail2bus.toml
	systemctl stop soapbus
	for unit in "${daemons[@]}"; do
		systemctl show -P MainPID $unit >$state/$unit.pid
	done
	before=$(find /etc/busbar -type f -exec sha256sum {} + | sort)
	quiet apt-get install -qq -y /packages/new/*.deb
	! grep '^Syntax:' $state/out || die "a package's script calls a program in a wrong way"
	for unit in "${daemons[@]}"; do
		[ "$(systemctl show -P NeedDaemonReload $unit)" = no ] || die "systemd has the old unit of $unit"
	done
	[ "$before" = "$(find /etc/busbar -type f -exec sha256sum {} + | sort)" ] || die "configuration or keys have changed"
	for unit in "${daemons[@]}"; do
		[ $unit != soapbus ] || continue
		until_ active $unit
		[ "$(systemctl show -P MainPID $unit)" != "$(cat $state/$unit.pid)" ] || die "$unit was not started again"
	done
	for unit in mail2bus dbpoll scmhook; do
		[ "$($unit status --json | grep -o '"version":"[^"]*"' | head -n 1)" != '"version":"0~before"' ] || die "$unit is still the old one"
	done
	! active soapbus || die "soapbus was stopped, and runs"
	letter third | sendmail -i busbar@localhost
	said mail2bus 'Soup third'
	[ "$(bus replay /var/lib/busbar/mail2bus/journal.db 2>/dev/null | grep -c Soup)" = 3 ] || die "the journal does not have three mails"
	say "running daemons are new, stopped ones stay stopped"
}

stage_policy() {
	until_ active mail2bus
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	pid=$(systemctl show -P MainPID mail2bus)
	quiet apt-get install -qq -y --reinstall /packages/new/busbar-mail2bus_*.deb
	[ "$(systemctl show -P MainPID mail2bus)" = "$pid" ] || die "policy-rc.d forbids it, and mail2bus was started again"
	rm /usr/sbin/policy-rc.d
	say "policy-rc.d is respected"
}

stage_remove() {
	quiet apt-get remove -qq -y 'busbar*'
	for unit in "${daemons[@]}"; do
		! active $unit || die "$unit runs without its program"
	done
	[ -e /etc/busbar/mail2bus.toml ] && [ -e /var/lib/busbar/mail2bus/journal.db ] || die "remove has taken more than programs"
	# It comes back with what it had.
	quiet apt-get install -qq -y /packages/new/busbar_*.deb /packages/new/busbar-mail2bus_*.deb
	[ "$(systemctl is-enabled mail2bus || true)" = enabled ] || die "mail2bus is $(systemctl is-enabled mail2bus)"
	systemctl start mail2bus
	until_ active mail2bus
	letter fourth | sendmail -i busbar@localhost
	said mail2bus 'Soup fourth'
}

stage_purge() {
	systemctl stop mail2bus
	letter fifth | mail2bus deliver --spool /var/spool/busbar/mail
	quiet apt-get purge -qq -y 'busbar*'
	grep -q 'holds mail that was not read' $state/out || die "nothing says that a mail is kept"
	grep -rlq 'Soup fifth' /var/spool/busbar/mail/new || die "a mail that nobody has read is gone"
	[ ! -e /var/lib/busbar ] || die "left: $(find /var/lib/busbar)"
	left=$(find /etc/busbar -type f -not -name 'ca.*' -not -name crl.pem -not -name issued.json -not -name .lock)
	[ -e /etc/busbar/ca.key ] && [ -z "$left" ] || die "left in /etc/busbar: $left"
	left=$(find /etc/systemd /usr/lib/systemd /usr/lib/sysusers.d /usr/lib/tmpfiles.d /var/lib/systemd/deb-systemd-helper* -name '*bus*' -not -name '*dbus*' | grep -E 'busbar|mail2bus|soapbus|bus-hub|bus-forward|dbpoll|scmhook' || true)
	[ -z "$left" ] || die "left: $left"
	say "gone, but for the authority and a mail that nobody has read"
}
