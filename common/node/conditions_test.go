package node

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"busbar/common/canary"
	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/sign"
)

// names are the conditions as "level name".
func names(list []condition.Condition) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, string(c.Level)+" "+c.Name)
	}
	slices.Sort(out)
	return out
}

// TestCertificates looks at one certificate, authority and list from all times,
// through files and as a daemon that signs.
func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	ca, err := sign.CreateCA(dir, "Test CA", 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = ca.Issue("ours", 365); err != nil {
		t.Fatal(err)
	}
	if _, err = ca.CRL(90); err != nil {
		t.Fatal(err)
	}
	sc := config.DefaultSign()
	at := func(name string) string { return filepath.Join(dir, name) }
	sc.Certificate, sc.Key, sc.CA, sc.CRL = at("ours.crt"), at("ours.key"), at("ca.crt"), at("crl.pem")
	signer, err := sc.Signer()
	if err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	check := func(what string, after time.Duration, want ...string) {
		t.Helper()
		slices.Sort(want)
		for who, s := range map[string]*sign.Signer{"of files": nil, "in force": signer} {
			if got := names(certificates(sc, s, time.Now().Add(after))); !slices.Equal(got, want) && !(got == nil && want == nil) {
				t.Errorf("%s, %s: %q, want %q", what, who, got, want)
			}
		}
	}
	check("now", 0)
	check("before", -2*day, "fail certificate", "fail authority", "fail revocation list")
	check("the list ends soon", 61*day, "warn revocation list")
	check("the list ended", 91*day, "fail revocation list")
	check("the certificate ends soon", 336*day, "fail revocation list", "warn certificate")
	check("the certificate ended", 366*day, "fail revocation list", "fail certificate")
	check("the authority ends soon", 702*day, "fail revocation list", "fail certificate", "warn authority")
	check("all ended", 800*day, "fail revocation list", "fail certificate", "fail authority")

	// A new certificate beside the daemon changes nothing before a reload.
	if err := os.Rename(at("ours.crt"), at("old.crt")); err != nil {
		t.Fatal(err)
	}
	if got := names(certificates(sc, signer, time.Now())); !slices.Equal(got, []string{"warn certificate file"}) {
		t.Errorf("without its file: %q", got)
	}
	if err := os.Rename(at("ours.key"), at("old.key")); err != nil {
		t.Fatal(err)
	}
	if _, _, err = ca.Issue("ours", 700); err != nil {
		t.Fatal(err)
	}
	if got := names(certificates(sc, signer, time.Now().Add(366*day))); !slices.Contains(got, "fail certificate") {
		t.Errorf("the old one is in force, and ended: %q", got)
	}
	if got := names(certificates(sc, nil, time.Now().Add(366*day))); slices.Contains(got, "fail certificate") {
		t.Errorf("the new file is good: %q", got)
	}

	// Revoked by our own list.
	if err := ca.Revoke("ours"); err != nil {
		t.Fatal(err)
	}
	check("revoked, and not yet listed", 0)
	if _, err = ca.CRL(90); err != nil {
		t.Fatal(err)
	}
	check("revoked", 0, "fail certificate revoked")
	check("revoked by a list that ended", 91*day, "fail certificate revoked", "fail revocation list")
	sc.CA = at("old.crt")
	check("a list of somebody else's", 0)
	sc.CA, sc.Backend = at("ca.crt"), "none"
	check("nothing is signed", 0)
}

// TestDisks: what is said of file systems of every fullness.
func TestDisks(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name                       string
		size, free, inodes, unused uint64 // size and free in MiB
		want                       string
	}{
		{"empty", 100_000, 90_000, 1e6, 9e5, ""},
		{"small and half full", 2, 1, 1000, 500, ""},
		{"large, few percent, plenty of room", 1_000_000, 5_000, 1e6, 9e5, ""},
		{"nearly full", 5_000, 400, 1e6, 9e5, "warn"},
		{"full", 5_000, 10, 1e6, 9e5, "fail"},
		{"nothing left", 5_000, 0, 1e6, 9e5, "fail"},
		{"a small one that is full", 2, 0, 1000, 500, "fail"},
		{"few inodes", 100_000, 90_000, 1e6, 9_000, "warn"},
		{"no inode", 100_000, 90_000, 1e6, 0, "fail"},
		{"no inodes counted", 100_000, 90_000, 0, 0, ""},
		{"no size known", 0, 0, 0, 0, ""},
	} {
		o := Outlook{Program: "prog", statfs: func(_ string, s *unix.Statfs_t) error {
			*s = unix.Statfs_t{Bsize: 4096, Blocks: c.size * mib / 4096, Bavail: c.free * mib / 4096, Files: c.inodes, Ffree: c.unused}
			return nil
		}}
		o.Bus.Journal = filepath.Join(t.TempDir(), "journal.db")
		list := o.disks(o.dirs())
		switch {
		case c.want == "" && len(list) == 0:
		case c.want == "" || len(list) != 1 || string(list[0].Level) != c.want || !strings.HasPrefix(list[0].Name, "disk "):
			t.Errorf("%s: %q, want %q", c.name, list, c.want)
		}
	}
}

// TestClock: a clock that is set is shown for an hour, and one that is behind the
// newest message for as long as it is.
func TestClock(t *testing.T) {
	n := testNode(t, func(*config.Bus) {})
	n.Log = slog.New(slog.DiscardHandler)
	now := time.Now()
	n.now = func() time.Time { return now }
	own := func() []string {
		return slices.DeleteFunc(names(n.Conditions.All()), func(s string) bool { return strings.Contains(s, " disk ") })
	}
	for _, by := range []time.Duration{0, time.Second, -4 * time.Second} {
		if n.noteClock(by, now); len(own()) > 0 {
			t.Errorf("a drift of %s is told: %q", by, own())
		}
	}
	for _, by := range []time.Duration{time.Hour, -time.Hour, 6 * time.Second} {
		if n.noteClock(by, now); !slices.Equal(own(), []string{"warn clock set"}) {
			t.Errorf("a jump by %s: %q", by, own())
		}
		now = now.Add(59 * time.Minute)
		if n.noteClock(0, now); len(own()) != 1 {
			t.Errorf("after 59 minutes: %q", own())
		}
		now = now.Add(2 * time.Minute)
		if n.noteClock(0, now); len(own()) > 0 {
			t.Errorf("after an hour: %q", own())
		}
	}
	ev := event.Event{Kind: noteKind, Key: "1", Body: noted{"1"}}
	if _, err := n.Journal.Append(t.Context(), journal.Record{Origin: "a test", Translator: "notes", Events: []event.Event{ev}}); err != nil {
		t.Fatal(err)
	}
	now = time.Now().Add(-time.Hour)
	if got := own(); !slices.Equal(got, []string{"warn clock"}) {
		t.Errorf("an hour behind the newest message: %q", got)
	}
	now = time.Now()
	if got := own(); len(got) > 0 {
		t.Errorf("set right: %q", got)
	}
	n.outlook.Bus.Quiet = config.Duration(time.Hour)
	now = time.Now().Add(2 * time.Hour)
	if got := own(); !slices.Equal(got, []string{"fail quiet"}) {
		t.Errorf("nothing told for two hours: %q", got)
	}
	for _, what := range []string{canary.Pass, canary.Miss} { // they are no news of the service
		ev, err := canary.Canary{What: what, Channel: "spool", Seen: now, Noticed: now}.Event()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Journal.Append(t.Context(), journal.Record{Origin: "a test", Translator: "canary", Events: []event.Event{ev}}); err != nil {
			t.Fatal(err)
		}
	}
	last, err := n.Journal.Reader().Last(t.Context())
	if err != nil || canary.Topic(last.Topic) != canary.Miss {
		t.Fatalf("the newest message is %s; %v", last.Topic, err)
	}
	if said, err := n.Journal.Reader().LastBeside(t.Context(), canary.Topics); err != nil || said.Seq != 1 {
		t.Errorf("the newest beside canaries is %d, %s; %v", said.Seq, said.Topic, err)
	}
	if got := own(); !slices.Equal(got, []string{"fail quiet"}) {
		t.Errorf("nothing but canaries for two hours: %q", got)
	}
}

// TestLastingFailures: a failure that is tried again becomes an error once it has
// lasted, and only once; what was an error at once, and a warning, do not.
func TestLastingFailures(t *testing.T) {
	var said strings.Builder
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	n := &Node{Conditions: &condition.Set{}, Log: slog.New(slog.NewTextHandler(&said, nil)), now: func() time.Time { return clock }}
	for name, level := range map[string]condition.Level{"database": condition.Fail, "disk": condition.Fail, "clock": condition.Warn} {
		n.Conditions.Raise(condition.Condition{Name: name, Level: level, Since: clock, Text: "away"})
	}
	known := map[string]bool{"fail disk": true}
	old := n.logLasting(nil, known)
	if said.Len() > 0 {
		t.Errorf("at once: %s", &said)
	}
	clock = clock.Add(lasting)
	old = n.logLasting(old, known)
	n.logLasting(old, known)
	if got := said.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "condition=database") {
		t.Errorf("after %v: %s", lasting, got)
	}
}
