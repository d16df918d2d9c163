package contrib

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"busbar/common/programtest"
	"busbar/fixtures/buildqueue"
)

// A machine is this one, but for a copy of /etc without Busbar, with our units and the
// user alice, and for mail systems that lie over it.
type machine struct {
	t                         *testing.T
	etc, systems, mailSystems string
}

func newMachine(t *testing.T, systems string) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can put another folder in the place of /etc")
	}
	t.Parallel() // each has its own, and waits more than it works
	m := &machine{t: t, etc: filepath.Join(t.TempDir(), "etc"), systems: systems}
	if systems != "" {
		m.mailSystems = mailSystems(t, strings.Fields(systems)...)
	}
	if out, err := exec.Command("cp", "-a", "/etc", m.etc).CombinedOutput(); err != nil {
		t.Fatalf("copying /etc: %v\n%s", err, out)
	}
	for _, own := range []string{"busbar", "postfix", "exim4", "dovecot", "procmailrc", "aliases"} {
		must(t, os.RemoveAll(filepath.Join(m.etc, own)))
	}
	must(t, os.MkdirAll(filepath.Join(m.etc, "systemd/system"), 0o755))
	for name := range units {
		must(t, os.WriteFile(filepath.Join(m.etc, "systemd/system", name+".service"), []byte(read(t, unit(name))), 0o644))
	}
	for name, lines := range map[string]string{
		"passwd": "alice:x:4242:4242::/home/alice:/bin/sh\nbusbar:x:4243:4243::/:/usr/sbin/nologin\n", "group": "alice:x:4242:\nbusbar:x:4243:\n",
	} {
		file := filepath.Join(m.etc, name)
		var kept strings.Builder
		for line := range strings.Lines(read(t, file)) { // without what this machine has of them
			name, _, _ := strings.Cut(line, ":")
			if !slices.Contains([]string{"alice", "busbar", "lists", "vmail", "postfix", "postdrop", "dovecot", "dovenull", "Debian-exim", "daemon"}, name) {
				kept.WriteString(line)
			}
		}
		must(t, os.WriteFile(file, []byte(kept.String()+lines), 0o644))
	}
	return m
}

// session runs a script of bash as root on the machine, in the source folder, behind
// testdata/session.sh. A command that fails ends it.
func (m *machine) session(script string) string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), long)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", ". contrib/testdata/session.sh\n"+script)
	cmd.Dir = ".."
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		"ETC=" + m.etc, "SYSTEMS=" + m.systems, "MAILSYSTEMS=" + m.mailSystems, "BIN=" + filepath.Dir(program(m.t, "bus")),
	}
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "unshare: unshare failed") {
		m.t.Skipf("nothing can be mounted here: %s", out)
	}
	if err != nil {
		m.t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func want(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("nothing says %q:\n%s", text, out)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	address, err := programtest.FreeAddress()
	must(t, err)
	_, port, err := net.SplitHostPort(address)
	must(t, err)
	return port
}

// TestSetUpForAUsersMaildir is the way from nothing to the first event, as root: the
// mails of alice's Maildir are for alice alone (mode 0600), so the daemon is alice,
// check looks as alice does, and followers find it without being told.
func TestSetUpForAUsersMaildir(t *testing.T) {
	port := freePort(t)
	out := newMachine(t, "").session(`
install -d -o alice -g alice -m 700 /home/alice /home/alice/Maildir /home/alice/Maildir/{new,cur,tmp}
printf 'From: Jane Doe <jane@example.org>\nList-Id: <cooks.example.org>\nMessage-ID: <1@example.org>\nDate: Mon, 06 Jul 2026 10:00:00 +0000\nSubject: Soup\n\nIs ready.\n' >/home/alice/Maildir/new/1.a.b
chown alice:alice /home/alice/Maildir/new/1.a.b
chmod 600 /home/alice/Maildir/new/1.a.b
mail2bus setup --yes --maildir /home/alice/Maildir --port ` + port + ` 2>&1
mail2bus setup --yes

echo == the daemon, as systemd starts it
install -d -o alice -g alice /var/lib/busbar/mail2bus
install -o alice -m 400 /etc/busbar/mail2bus.key /home/alice/key
BUSBAR_SIGN_KEY=/home/alice/key setpriv --reuid alice --regid alice --clear-groups mail2bus run & daemon=$!
bus tail --count 1 --from start
mail2bus check
kill $daemon
wait $daemon

echo == another user is not let to see
sed -i s/^User=alice/User=busbar/ /etc/systemd/system/mail2bus.service.d/busbar-setup.conf
sed -i s/^Group=alice/Group=busbar/ /etc/systemd/system/mail2bus.service.d/busbar-setup.conf
fails 78 mail2bus check 2>&1
fails 78 mail2bus check --as nobody 2>&1
mail2bus check --as root
fails 64 mail2bus check --as nobodywecouldknow 2>&1
fails 64 setpriv --reuid alice --regid alice --clear-groups mail2bus check --as root 2>&1

echo == a group that may enter, and not read what is written for alice alone
chgrp -R busbar /home/alice/Maildir
chmod 711 /home/alice
chmod 2770 /home/alice/Maildir /home/alice/Maildir/*
mail2bus check || true

echo == what the unit hides is said
sed -i '/^BindPaths/d' /etc/systemd/system/mail2bus.service.d/busbar-setup.conf
fails 78 mail2bus check 2>&1
fails 64 setpriv --reuid alice --regid alice --clear-groups mail2bus setup 2>&1
`)
	want(t, out, "seen as alice (uid 4242", "/home/alice/Maildir, 1 mails waiting", "systemctl enable --now mail2bus   # systemd does not run here",
		"nothing to do: mail2bus is set up", "ok    signing        as mail2bus until",
		"Jane Doe wrote to cooks.example.org: Soup", "seen as busbar", "/home/alice/Maildir: permission denied", `there is no user "nobodywecouldknow"`, "only root can look as root does",
		"0 mails waiting; mails that came before cannot be read", "mail2bus.service hides it (ProtectHome=tmpfs)", "only root can set up a machine")
}

// TestAdminPage runs the commands of the page for administrators.
func TestAdminPage(t *testing.T) {
	t.Parallel()
	for section, c := range map[string]struct{ before, after string }{
		// systemd, which would start the daemon, is not here.
		"Three commands": {`mail2bus() { command mail2bus "$@"; [ "$*" != setup ] || { daemon; until_ bash -c '</dev/tcp/127.0.0.1/9940'; }; }`, ""},
		"Renew and revoke keys": {"mail2bus setup", `
bus keys --dir /etc/busbar list | tee /dev/stderr | grep -c revoked | grep -x 1
mail2bus check
cmp /etc/busbar/mail2bus.key /etc/busbar/mail2bus.key.old && exit 1
daemon
letter 1 | mail2bus deliver --spool /var/spool/busbar/mail
published 1
`},
		"Back up and restore": {`
mail2bus setup
letter 1 | mail2bus deliver --spool /var/spool/busbar/mail
daemon
published 1
kill %1
wait %1
`, `
daemon
letter 1 | mail2bus deliver --spool /var/spool/busbar/mail
until_ sh -c 'mail2bus status | grep "duplicates 1"'
published 1
`},
	} {
		t.Run(section, func(t *testing.T) {
			newMachine(t, "").session(c.before + "\n" + commandsOf(t, "../admin.md", section) + "\n" + c.after)
		})
	}
}

// TestKeysOfAnotherMachine: the way of a request, on a machine that has no authority.
func TestKeysOfAnotherMachine(t *testing.T) {
	out := newMachine(t, "").session(`
bus init
mkdir -p /srv/far/etc
cp /etc/passwd /etc/group /srv/far/etc/
mail2bus setup --root /srv/far --request --name mail2bus-far
bus keys --dir /etc/busbar sign /srv/far/etc/busbar/mail2bus.csr
mail2bus setup --root /srv/far --certificate /etc/busbar/mail2bus-far.crt --ca /etc/busbar/ca.crt --crl /etc/busbar/crl.pem
mail2bus setup --root /srv/far --certificate /etc/busbar/mail2bus-far.crt --ca /etc/busbar/ca.crt --crl /etc/busbar/crl.pem
cmp /srv/far/etc/busbar/mail2bus.crt /etc/busbar/mail2bus-far.crt
[ ! -e /srv/far/etc/busbar/ca.key ]
openssl verify -CAfile /srv/far/etc/busbar/ca.crt -CRLfile /srv/far/etc/busbar/crl.pem -crl_check /srv/far/etc/busbar/mail2bus.crt
mail2bus --set sign.certificate=/srv/far/etc/busbar/mail2bus.crt --set sign.key=/srv/far/etc/busbar/mail2bus.key --set mail.spool=/var/spool check --as root || true
`)
	want(t, out, "nothing to do: mail2bus is set up", "ok    signing        as mail2bus-far until")
}

// TestSetUpForAnOwnDatabase: beside a wanna-build in this machine's PostgreSQL, dbpoll
// makes its role, finds the database by itself, and needs no password.
func TestSetUpForAnOwnDatabase(t *testing.T) {
	schema := filepath.Join(t.TempDir(), "schema.sql")
	must(t, os.WriteFile(schema, []byte(buildqueue.Schema+"INSERT INTO distributions (distribution) VALUES ('sid');\nSELECT add_architecture('amd64');\n"), 0o644))
	out := newMachine(t, "").session(`
bin=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\n' | sort -V | tail -n 1)
id -u postgres >/dev/null 2>&1 || useradd --system --user-group postgres
install -d -o postgres /run/postgresql /var/lib/pg
as() { runuser -u postgres -- "$@"; }
as $bin/initdb -D /var/lib/pg -A peer -E UTF8 --no-sync >/dev/null
as $bin/pg_ctl -D /var/lib/pg -o '-c listen_addresses= -c unix_socket_directories=/run/postgresql' -l /var/lib/pg/log -w start >/dev/null
as psql -h /run/postgresql -qc 'CREATE ROLE wbadm LOGIN; CREATE ROLE guest LOGIN;' -c 'CREATE DATABASE "wanna-build"'
as psql -h /run/postgresql -q -d wanna-build -v ON_ERROR_STOP=1 <` + schema + ` >/dev/null

dbpoll setup --level base
dbpoll setup --level base
cat /etc/busbar/dbpoll.toml
as psql -h /run/postgresql -Atc "SELECT 'connections ' || rolconnlimit FROM pg_roles WHERE rolname = 'busbar'"

echo == what fails later takes the role back
rm -r /etc/busbar
as psql -h /run/postgresql -q -d wanna-build -c 'DROP OWNED BY busbar; DROP ROLE busbar'
mkdir -p /etc/busbar/dbpoll.toml.new/x
fails 78 dbpoll setup --level base
as psql -h /run/postgresql -Atc "SELECT 'roles ' || count(*) FROM pg_roles WHERE rolname = 'busbar'"

echo == a database on another machine, which the unit must let the daemon reach
rm -r /etc/busbar
fails 75 dbpoll setup --url postgres://busbar@192.0.2.17/wanna-build
rm /etc/systemd/system/dbpoll.service.d/busbar-setup.conf
fails 78 dbpoll check
`)
	want(t, out, "make the role busbar in PostgreSQL, which may only read (level base of wanna-build)", `url = "postgres://busbar@/wanna-build?host=%2Frun%2Fpostgresql"`,
		"seen as busbar", "ok    access         base tables", "nothing to do: dbpoll is set up", "connections 3", "take back: make the role busbar", "roles 0",
		"192.0.2.17: dbpoll.service lets the daemon reach none of its addresses (IPAddressDeny=any); allow them with IPAddressAllow=192.0.2.17")
}

// TestSetUpForRepositories: the daemon is the repositories' user, each has the hook, and
// a push is an event.
func TestSetUpForRepositories(t *testing.T) {
	out := newMachine(t, "").session(`
id -u git >/dev/null 2>&1 || useradd --system --user-group --home-dir /srv/git git
install -d -o git -g "$(id -gn git)" /srv/git
as() { runuser -u git -- env HOME=/srv/git "$@"; }
as git init -q --bare -b main /srv/git/tool.git
scmhook setup
scmhook setup
install -d -o git -g "$(id -gn git)" /var/lib/busbar/scmhook
install -o git -m 400 /etc/busbar/scmhook.key /run/key
BUSBAR_SIGN_KEY=/run/key setpriv --reuid git --regid "$(id -gn git)" --clear-groups scmhook run 2>/var/log/scmhook.log &
until_ sh -c 'scmhook status | grep wired'
as git clone -q /srv/git/tool.git /srv/git/work 2>/dev/null
cd /srv/git/work
as git -c user.name=Nora -c user.email=nora@example.org commit -q --allow-empty -m 'Say hello'
as git push -q origin HEAD:main
bus tail --from start --count 1 --timeout 150s 2>/dev/null
`)
	want(t, out, "put the hook into the repositories", "seen as git", "nothing to do: scmhook is set up", "Say hello")
}
