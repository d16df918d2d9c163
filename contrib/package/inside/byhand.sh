# Other ways to begin.

# The README's commands, on a new system: from nothing to a line of `bus tail`. The
# packages are built already, for there is no network here.
stage_readme() {
	local lines=$(commands ../README.md 'Five minutes to a first event of your own' 1)
	mkdir -p /root/source/bin
	ln -s /packages/new /root/source/bin/package
	[ "$(printf '%s\n' "$lines" | sed -n '1p;$p' | tr '\n' ' ')" = "make deb bus tail " ] || die "the commands are others: $lines"
	begin
	cd /root/source
	quiet bash -euc "$(printf '%s\n' "$lines" | sed '1d;$d')"
	bus tail --count 1 >$state/tail 2>$state/tail.err &
	until_ grep -q . $state/tail.err
	letter 1 | mail2bus deliver
	wait $!
	grep -q 'Soup 1' $state/tail || die "bus tail says $(cat $state/tail)"
	say "first event after $((SECONDS - begun)) s; $(printf '%s\n' "$lines" | wc -l) commands, with make deb; $(configured /etc/busbar/*.toml) lines of configuration, all made by setup"
	bus check
}

# By hand, without packages: the programs as `make build` leaves them, the commands of
# the pages and those at the top of the units, the samples as they are.
stage_byhand() {
	mkdir -p /root/source/bin /root/unpacked
	cp -r /src/contrib /src/docs /root/source/
	for package in /packages/new/*.deb; do
		dpkg-deb -x "$package" /root/unpacked
	done
	install -m 755 -t /root/source/bin /root/unpacked/usr/bin/*
	rm -r /root/unpacked
	make() { [ "$*" = build ]; }
	export -f make
	by_hand() {
		[ -n "$1" ] || die "nothing to type"
		cd /root/source && quiet bash -euc "$1"
	}

	# mail2bus, as the tutorial's last section has it.
	by_hand "$(commands tutorial.md '5. As a service' 1)"
	install -D -m 755 /src/contrib/mta/mail2bus-pipe /usr/lib/busbar/mail2bus-pipe
	by_hand "$(header systemd/mail2bus.service)"
	until_ active mail2bus
	letter 1 | /usr/lib/busbar/mail2bus-pipe
	until_ published tcp://127.0.0.1:9940 'Soup 1'
	say "mail2bus: $(published tcp://127.0.0.1:9940 'Soup 1')"

	# scmhook, for git.
	useradd --system --create-home --home-dir /srv/git --shell /bin/sh git
	runuser -u git -- git init -q --bare --initial-branch main /srv/git/soup.git
	runuser -u git -- git init -q --initial-branch main /srv/git/work
	runuser -u git -- git -C /srv/git/work remote add origin /srv/git/soup.git
	by_hand "$(commands howto/git-hooks.md '1. Install' 1 | sed '/ init /d')" # there is an authority
	by_hand "$(header systemd/scmhook.service)"
	by_hand "$(commands howto/git-hooks.md '2. Start the daemon, then wire the repositories' 1)"
	push 'Add salt'
	until_ published tcp://127.0.0.1:9942 'Add salt'
	say "scmhook: $(published tcp://127.0.0.1:9942 'Add salt')"

	# Its webhooks.
	mkdir -p /etc/busbar/publishers.d
	by_hand "$(header systemd/webhooks.conf | sed '/systemctl\| issue /d')" # the page does both
	systemctl daemon-reload
	by_hand "$(commands howto/webhooks.md '1. Start the server' 4)"
	until_ active scmhook-webhooks
	hooked
	until_ published tcp://127.0.0.1:9945 tea/kettle

	# dbpoll, beside a wanna-build, with the role and the triggers of contrib/sql.
	queue
	(cd /src && quiet runuser -u postgres -- bash -euc "$(commands howto/wanna-build.md '1. An account' 1)")
	by_hand "$(commands howto/wanna-build.md '2. Configuration' 1 | sed '/ init /d')"
	install -m 755 /root/source/bin/dbpoll /usr/bin/
	sed -i -e 's|^url = .*|url = "postgres://busbar@/wanna-build?host=/var/run/postgresql"\nlisten = "busbar"|' /etc/busbar/dbpoll.toml
	(cd /src && quiet runuser -u postgres -- bash -euc "$(commands howto/wanna-build.md '5. At once instead of soon' 1)")
	by_hand "$(header systemd/dbpoll.service)"
	until_ active dbpoll
	quiet dbpoll check
	until_ eval "dbpoll status | finds 'polled 2'"
	queued
	until_ published tcp://127.0.0.1:9941 teapot
	say "dbpoll: $(published tcp://127.0.0.1:9941 .)"

	# soapbus. The drop-in names addresses that are not here: it is loaded, no more.
	tracker
	by_hand "$(commands howto/soap.md '1. Configuration' 1 | sed '/ init /d')"
	sed -i 's|^url = .*|url = "http://127.0.0.1:8080/cgi-bin/soap.cgi"\ninterval = "5s"\nrate = 600\ngrace = "0s"|' /etc/busbar/soapbus.toml
	by_hand "$(header systemd/soapbus.service)"
	until_ swept
	curl -sf -X POST http://127.0.0.1:8080/report >/dev/null
	until_ published tcp://127.0.0.1:9943 'lamp flickers'
	say "soapbus: $(published tcp://127.0.0.1:9943 'lamp flickers')"

	# The hub, and bus forward.
	toml howto/hub.md 'keep_age = "8760h"' >>/etc/busbar/bus.toml
	by_hand "$(header systemd/bus-hub.service)"
	until_ heard Soup
	nats
	toml howto/forward.md 'to = ["nats://127.0.0.1:4222"]' >>/etc/busbar/bus.toml
	by_hand "$(header systemd/bus-forward.service)"
	until_ forwarded

	# People who are told.
	people
	by_hand "$(header systemd/bus-notify.service)"
	until_ active bus-notify

	# And badges.
	badges
	by_hand "$(header systemd/bus-badges.service | sed '/systemctl/d')"
	systemctl daemon-reload
	by_hand "$(commands howto/badges.md 'Set it up')"
	until_ active bus-badges

	# Each drop-in, as it is, where it belongs: its own first lines say where.
	for file in /src/contrib/systemd/*.conf; do
		place=$(sed -n 's|^# \(/etc/systemd/system/.*\.conf\)$|\1|p' "$file" | head -n 1)
		[ -n "$place" ] || continue
		install -D -m 644 "$file" "$place"
	done
	mkdir -p /var/mail/lists
	install -m 600 /dev/null /etc/busbar/dbpoll.pgpass
	chown busbar:busbar /var/mail/lists
	systemctl daemon-reload
	for unit in "${daemons[@]}"; do
		systemctl restart $unit
		until_ active $unit
	done
	exposed
	until_ bus check
	bus check
}

# quiet_in COMMAND...: as quiet, with standard input.
quiet_in() { "$@" >$state/out 2>&1 || { cat $state/out >&2; die "fails: $*"; }; }

# queue: a wanna-build in this machine's PostgreSQL; queued: a package comes into it.
queue() {
	until_ runuser -u postgres -- psql -qc 'SELECT 1'
	runuser -u postgres -- psql -qc 'CREATE ROLE wbadm LOGIN' -c 'CREATE ROLE guest LOGIN' -c 'CREATE DATABASE "wanna-build"'
	{
		cat /src/fixtures/buildqueue/schema.sql
		echo "INSERT INTO distributions (distribution) VALUES ('sid'); SELECT add_architecture('amd64');"
		cat /src/fixtures/buildqueue/writer.sql
	} | quiet_in runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 -d wanna-build
}
queued() { sed -n '/^SELECT/{p;n;p;q}' /src/fixtures/buildqueue/history.sql | quiet_in runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 -d wanna-build; }

# A wanna-build on this machine, by the one command of the page.
stage_wannabuild() {
	queue
	begin
	typed "$(commands howto/wanna-build.md 'With the package' 1)"
	until_ eval "dbpoll status | finds 'polled 2'"
	queued
	said dbpoll teapot
	measured dbpoll
}

# Repositories of two users, each with a scmhook of its own.
stage_owners() {
	useradd --system --user-group --create-home --home-dir /srv/git --shell /bin/sh git
	useradd --system --user-group --create-home --home-dir /srv/svn --shell /bin/sh svn
	runuser -u git -- git init -q --bare --initial-branch main /srv/git/soup.git
	runuser -u git -- git init -q --initial-branch main /srv/git/work
	runuser -u git -- git -C /srv/git/work remote add origin /srv/git/soup.git
	runuser -u svn -- svnadmin create /srv/svn/tea
	! scmhook setup --repository '/srv/git/*.git' --repository '/srv/svn/*' 2>$state/err || die "one scmhook is set up for two users"
	grep -q 'belong to two users.*docs/howto/several-owners.md' $state/err || die "setup says $(cat $state/err)"
	typed "$(commands howto/git-hooks.md 'With the package')"
	typed "$(commands howto/several-owners.md 'Repositories of several users')"
	push 'Add salt'
	said scmhook 'Add salt'
	runuser -u svn -- svn -q mkdir -m 'Put the kettle on' file:///srv/svn/tea/trunk
	said scmhook-svn 'Put the kettle on'
	runuser -u svn -- cat /var/lib/busbar/scmhook/journal.db >/dev/null 2>&1 && die "svn can read the journal of git"
	until_ bus check
}

# A table of MariaDB, by the commands of the page.
stage_mariadb() {
	until_ mariadb -e 'SELECT 1'
	mariadb -e "CREATE DATABASE shop; CREATE TABLE shop.parcel (id int PRIMARY KEY, state varchar(20)); INSERT INTO shop.parcel VALUES (1, 'packed')"
	begin
	typed "$(commands howto/any-table.md 'With the package' 2)"
	until_ eval "dbpoll status | finds 'parcel: 1 rows'"
	mariadb shop -e "UPDATE parcel SET state = 'sent'"
	said dbpoll parcel
	measured dbpoll
}
