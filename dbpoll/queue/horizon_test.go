package queue

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWiden(t *testing.T) {
	for _, c := range []struct {
		xid  uint32
		xmax uint64
		want uint64
	}{
		{700, 701, 700}, {700, 1<<32 | 701, 1<<32 | 700}, {4294967290, 1<<32 | 701, 4294967290},
		{700, 7<<32 | 3, 6<<32 | 700}, {2, 5, 2}, {5, 1<<32 | 3, 5},
	} {
		if got := widen(c.xid, c.xmax); got != c.want {
			t.Errorf("xid %d before %d is %d, want %d", c.xid, c.xmax, got, c.want)
		}
	}
}

func TestWhereReadingBegins(t *testing.T) {
	at := time.Now()
	tl := &horizonLog{horizon: 150, whole: 90, small: 1000, read: at.Add(-time.Minute), looks: []look{{100, 5000}, {140, 6000}, {160, 7000}}}
	for _, c := range []struct {
		what           string
		change         func(*horizonLog)
		n              now
		block, horizon uint64
	}{
		{"the end, from the last look below the horizon", func(*horizonLog) {}, now{blocks: 8000}, 6000 - margin, 150},
		{"a small log", func(*horizonLog) {}, now{blocks: 900}, 0, 90},
		{"the whole log is due", func(t *horizonLog) { t.read = at.Add(-2 * time.Hour) }, now{blocks: 8000}, 0, 90},
		{"it was never read whole", func(t *horizonLog) { t.read = time.Time{} }, now{blocks: 8000}, 0, 90},
		{"no look is old enough", func(t *horizonLog) { t.horizon = 99 }, now{blocks: 8000}, 0, 90},
	} {
		x := *tl
		c.change(&x)
		if block, horizon := x.from(c.n, time.Hour, at); block != c.block || horizon != c.horizon {
			t.Errorf("%s: from block %d and horizon %d, want %d and %d", c.what, block, horizon, c.block, c.horizon)
		}
	}
}

// TestLongLog reads only the end of a log of some thousand rows, with a late
// committer in it; and what reuses space inside is found when the whole is due.
func TestLongLog(t *testing.T) {
	s := newSite(t, "wbadm")
	s.sql("INSERT INTO transactions SELECT 'amd64', 'old' || n, 'sid', '1', '--take', 'Needs-Build', 'Building', 'x', 'x', localtimestamp - interval '1 year' FROM generate_series(1, 60000) n")
	clock := time.Now()
	s.now = func() time.Time { return clock }
	r := s.start(func(o *Options) { o.FullLog = time.Hour; o.Full = 24 * time.Hour })
	defer r.stop()
	r.poll()
	r.q.reader.(*horizonLog).small = 0
	r.poll()
	release := s.hold("SELECT act('amd64', 'sid', 'early', '1-1', '--take', 'Building', 'x')")
	s.act("late", "--take", "Building")
	r.poll()
	want(t, "while the first runs", s.topics(nil), "build.take late")
	release("COMMIT")
	r.poll()
	s.act("early", "--set-built", "Built")
	r.poll()
	want(t, "at the end", s.topics(nil), "build.finish early", "build.take early", "build.take late")
	if r.q.reader.(*horizonLog).ends < 3 {
		t.Errorf("only the end was read %d times", r.q.reader.(*horizonLog).ends)
	}

	// Space that a deletion freed lies before the end.
	s.sql("DELETE FROM transactions WHERE package LIKE 'old1%'")
	s.sql("VACUUM transactions")
	before := s.told()
	s.sql("SELECT act('amd64', 'sid', 'hidden', '1-1', '--take', 'Building', 'x')")
	s.sql("SELECT act('amd64', 'sid', 'hidden', '1-1', '--set-built', 'Built', 'x')")
	if at := s.sql("SELECT min(ctid::text) FROM transactions WHERE package = 'hidden'"); !strings.HasPrefix(at, "(") {
		t.Fatalf("the row stands at %s", at)
	}
	r.poll() // the log is asked first
	r.poll()
	if got := s.topics(before); len(got) == 0 {
		t.Error("the outcome of what stands inside the log is not told")
	}
	clock = clock.Add(2 * time.Hour)
	r.poll()
	want(t, "when the whole log is due", s.topics(before), "build.finish hidden", "build.take hidden")
}

// TestSQLiteQueue: the same tables in a database without roles.
func TestSQLiteQueue(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queue.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(text string) {
		t.Helper()
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	run(`CREATE TABLE packages (architecture text, package text, distribution text, version text, state text, previous_state text,
		state_change text, notes text, builder text, PRIMARY KEY (architecture, package, distribution));
		CREATE TABLE transactions (architecture text, package text, distribution text, version text, action text, prevstate text,
		state text, real_user text, set_user text, time text);
		CREATE TABLE pkg_history (architecture text, package text, distribution text, version text, timestamp text, result text,
		build_time integer, disk_space integer, builder text)`)
	act := func(state, at string) {
		t.Helper()
		run("INSERT OR REPLACE INTO packages (architecture, package, distribution, version, state, state_change) VALUES ('amd64', 'teapot', 'sid', '1-1', '" + state + "', '" + at + "')")
		run("INSERT INTO transactions VALUES ('amd64', 'teapot', 'sid', '1-1', '--act', '', '" + state + "', 'x', 'x', '" + at + "')")
	}
	s := &site{t: t, journal: filepath.Join(t.TempDir(), "journal.db"), url: "sqlite:" + file}
	act("Needs-Build", "2026-03-14 09:26:53.5")
	r := s.start(nil)
	defer r.stop()
	r.poll()
	stamp := func(d time.Duration) string { return time.Now().UTC().Add(d).Format(timeForm) }
	act("Building", stamp(0))
	act("Built", stamp(time.Millisecond))
	run("INSERT INTO pkg_history VALUES ('amd64', 'teapot', 'sid', '1-1', '" + stamp(0) + "', 'successful', 61, 7, 'leaf')")
	r.poll()
	want(t, "by the log", s.topics(nil), "build.finish teapot", "build.take teapot", "log.record teapot")
	run("DELETE FROM packages")
	r.poll() // the log is asked first
	r.poll()
	want(t, "a deletion that nobody logged", s.topics(nil), "build.finish teapot", "build.forget teapot", "build.take teapot", "log.record teapot")
	if a := r.q.Access(); a.Level != ViewsLog || !a.History {
		t.Errorf("the level is %+v", a)
	}
}
