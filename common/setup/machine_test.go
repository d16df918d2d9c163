package setup

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// machine is one in a folder, with these files.
func machine(t *testing.T, files map[string]string) *Machine {
	t.Helper()
	m := &Machine{Root: t.TempDir()}
	for name, text := range files {
		at := m.Path(name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestAccounts(t *testing.T) {
	m := machine(t, map[string]string{
		"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\nbroken:x:y:z::/:\nshort:x\n",
		"/etc/group":  "root:x:0:\nmail:x:8:bob,alice\nalice:x:1001:\nlists:x:2000:alice\n",
	})
	a, err := m.User("alice")
	if err != nil || a.UID != 1000 || a.GID != 1001 || a.Home != "/home/alice" || !slices.Equal(a.Groups, []uint32{8, 2000}) {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := m.User("1000"); err != nil || a.Name != "alice" {
		t.Errorf("by number: %+v, %v", a, err)
	}
	if name, err := m.GroupName(8); err != nil || name != "mail" {
		t.Errorf("%q, %v", name, err)
	}
	if name, err := m.GroupName(9); err != nil || name != "9" {
		t.Errorf("%q, %v", name, err)
	}
	for _, name := range []string{"broken", "short", "nobody-of-this-name"} {
		if a, err := m.User(name); err == nil {
			t.Errorf("%s is %+v", name, a)
		}
	}
	if _, err := m.Group("nothing"); err == nil {
		t.Error("there is a group of no name")
	}
}

// TestUnit: drop-ins come after the unit, by name; /etc goes before /usr.
func TestUnit(t *testing.T) {
	m := machine(t, map[string]string{
		"/etc/passwd": "alice:x:1000:1000::/home/alice:/bin/sh\nbusbar:x:900:900::/:/\n", "/etc/group": "alice:x:1000:\nbusbar:x:900:\nlists:x:2000:\n",
		"/usr/lib/systemd/system/mail2bus.service":                "[Unit]\nUser=nobody\n[Service]\nUser=busbar\nGroup=busbar\nLoadCredential=key:/etc/busbar/mail2bus.key\nEnvironment=BUSBAR_SIGN_KEY=%d/key \\\n  A=\"b c\"\nProtectSystem=strict\nProtectHome=yes\nReadWritePaths=-/var/spool/busbar\nPrivateTmp=yes\nStateDirectory=busbar/mail2bus\n",
		"/usr/lib/systemd/system/mail2bus.service.d/50-same.conf": "[Service]\nUser=root\n",
		"/etc/systemd/system/mail2bus.service.d/50-same.conf":     "# alice\n[Service]\nUser = alice\nGroup=alice\nSupplementaryGroups=busbar lists\n",
		"/etc/systemd/system/mail2bus.service.d/60-more.conf":     "[Service]\nProtectHome=tmpfs\nBindPaths=/home/alice/Maildir\nReadWritePaths=\nReadWritePaths=/srv/mail\n",
	})
	u, err := m.Unit("mail2bus")
	if err != nil {
		t.Fatal(err)
	}
	a, err := u.Account(m)
	if err != nil || a.Name != "alice" || !slices.Equal(a.Groups, []uint32{900, 2000}) {
		t.Errorf("%+v, %v", a, err)
	}
	if got := u.Credentials()["key"]; got != "/etc/busbar/mail2bus.key" {
		t.Errorf("the key is %q", got)
	}
	if got := u.Environment("/run/x", "host"); !slices.Equal(got, []string{"BUSBAR_SIGN_KEY=/run/x/key", "A=b c"}) {
		t.Errorf("%q", got)
	}
	for path, want := range map[string]string{
		"/home/alice/Maildir": "", "/home/alice/Maildir/new": "", "/srv/mail/lists": "", "/var/lib/busbar/mail2bus/journal.db": "",
		"/home/alice/Maildirs": "ProtectHome=tmpfs", "/home/bob": "ProtectHome=tmpfs", "/tmp/x": "PrivateTmp", "/var/spool/busbar/mail": "ReadWritePaths=/var/spool/busbar/mail", "/srv/mailing": "ReadWritePaths",
	} {
		if got := u.Hidden(path); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	u.add("[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost 192.0.2.0/24 2001:db8::80\n")
	for host, want := range map[string]bool{"127.0.0.1": true, "::1": true, "192.0.2.80": true, "2001:db8::80": true, "192.0.3.80": false, "2001:db8::81": false} {
		if got := u.Unreached(host); (got == "") != want {
			t.Errorf("%s: %q", host, got)
		}
	}
	u.add("[Service]\nIPAddressDeny=\n")
	if got := u.Unreached("192.0.3.80"); got != "" {
		t.Errorf("nothing is denied, and %q", got)
	}
	if _, err := m.Unit("dbpoll"); err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("%v", err)
	}
}

// TestPort: what others have in their configuration, or listen at, is not taken.
func TestPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	taken, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	m := &Machine{Etc: t.TempDir()}
	if port, err := m.Port("mail2bus", taken); err != nil || port == taken {
		t.Errorf("%d, %v: somebody listens there", port, err)
	}
	m = machine(t, map[string]string{
		"/etc/busbar/dbpoll.toml": "[bus]\npublish = [\"tcp://127.0.0.1:9940\"]\n", "/etc/busbar/publishers.d/other.toml": "[endpoints]\na = \"tcp://[::1]:9941\"\n",
		"/etc/busbar/mail2bus.toml": "x = \"tcp://*:9942\"", "/etc/busbar/bus.toml": "subscribe = [\"tcp://127.0.0.1:9942\"]",
	})
	if port, err := m.Port("mail2bus", 9940); err != nil || port != 9942 {
		t.Errorf("%d, %v; want 9942", port, err)
	}
}

// Lines as auditd and the kernel write them.
const (
	apparmor = `kernel: [  123.456789] audit: type=1400 audit(1783331999.123:99): apparmor="DENIED" operation="open" class="file" profile="/usr/bin/mail2bus" name="/home/alice/Maildir/new/" pid=712 comm="mail2bus" requested_mask="r" denied_mask="r" fsuid=900 ouid=1000`
	selinux  = `type=AVC msg=audit(1783331999.500:100): avc:  denied  { read open } for  pid=713 comm="mail2bus" name="new" dev="vda1" ino=5 scontext=system_u:system_r:busbar_t:s0 tcontext=system_u:object_r:mail_home_rw_t:s0 tclass=dir permissive=0`
)

func TestRefusals(t *testing.T) {
	for line, want := range map[string]string{
		apparmor: "AppArmor open name=/home/alice/Maildir/new/ profile=/usr/bin/mail2bus",
		selinux:  "SELinux read open name=new tclass=dir scontext=system_u:system_r:busbar_t:s0 tcontext=system_u:object_r:mail_home_rw_t:s0",
		strings.ReplaceAll(apparmor, `comm="mail2bus"`, `comm="mail2busd"`): "",
		strings.ReplaceAll(apparmor, "DENIED", "ALLOWED"):                   "",
		"": "",
	} {
		r, ok := ReadRefusal(line, "mail2bus")
		if ok != (want != "") || ok && r.By+" "+r.Text != want {
			t.Errorf("%q: %q %q, %v; want %q", line, r.By, r.Text, ok, want)
		}
		if ok && r.Time.Unix() != 1783331999 {
			t.Errorf("%q was at %v", line, r.Time)
		}
	}
	m := machine(t, map[string]string{"/var/log/audit/audit.log": selinux + "\n" + selinux + "\n", "/var/log/syslog": apparmor + "\n"})
	list, err := m.Refusals("mail2bus", time.Unix(1783331000, 0))
	if err != nil || len(list) != 2 {
		t.Errorf("%+v, %v; want each once", list, err)
	}
	if list, err := m.Refusals("mail2bus", time.Unix(1783339999, 0)); err != nil || len(list) != 0 {
		t.Errorf("of later: %+v, %v", list, err)
	}
}

// FuzzRefusal: whatever a log holds, what is read is of our program.
func FuzzRefusal(f *testing.F) {
	f.Add(apparmor)
	f.Add(selinux)
	f.Fuzz(func(t *testing.T, line string) {
		r, ok := ReadRefusal(line, "mail2bus")
		if ok && (!strings.Contains(line, "mail2bus") || r.By == "") {
			t.Fatalf("%q is %+v", line, r)
		}
	})
}

// FuzzUnit: any text is read, and nothing of it hides what the unit shows.
func FuzzUnit(f *testing.F) {
	f.Add("[Service]\nUser=alice\nEnvironment=\"A=b c\" D='e'\nBindPaths=/home/alice/Maildir:/x\n")
	f.Fuzz(func(t *testing.T, text string) {
		u := &Unit{service: map[string][]string{}}
		u.add(text)
		u.Environment("/x", "h")
		u.Credentials()
		u.add("\n[Service]\nBindPaths=/home/alice\n")
		if why := u.Hidden("/home/alice/Maildir"); why != "" {
			t.Fatalf("it is bound, and hidden: %s", why)
		}
	})
}
