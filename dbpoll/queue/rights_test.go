package queue

import (
	"fmt"
	"strings"
	"testing"
)

// TestMoreRights: an account that may read the log from now on is published what
// the log says from about then on, not the whole past, and nothing twice.
func TestMoreRights(t *testing.T) {
	for _, c := range []struct{ before, after string }{{"views", "wbadm"}, {"views", "guest"}, {"guest", "wbadm"}, {"wbadm", "guest"}} {
		name := c.before + " to " + c.after
		s := newSite(t, c.before)
		s.sql(`INSERT INTO transactions SELECT 'amd64', 'old' || i, 'sid', '1-1', '--take', 'Needs-Build', 'Building', 'x', 'x', now() - interval '3 hours' FROM generate_series(1, 50) i`)
		s.act("kettle", "--take", "Building")
		s.poll()
		s.act("teapot", "--take", "Building")
		s.sql("SELECT act('amd64', 'secret', 'hidden', '1-1', '--take', 'Building', 'x')")
		s.poll()
		s.url = server.URL(c.after, s.name)
		s.sql("GRANT SELECT ON amd64_public.transactions, arm64_public.transactions TO guest")
		before := s.told()
		s.act("teapot", "--set-built", "Built")
		s.sql("SELECT act('amd64', 'sid', 'kettle', '1-1', '--set-attempted', 'Build-Attempted', 'x'); SELECT act('amd64', 'sid', 'kettle', '1-1', '--give-back', 'Needs-Build', 'x')")
		s.poll()
		topics := []string{"build.finish teapot", "build.attempt kettle", "build.queue kettle", "build.retry kettle"}
		if c.after == "wbadm" && c.before != "wbadm" {
			topics = append(topics, "build.take hidden")
		}
		want(t, name, s.topics(before), topics...)
		before = s.told()
		s.poll()
		want(t, name+", later", s.topics(before))
	}
}

// TestRightsChangeWhileRunning: more, less and more again, without a restart.
func TestRightsChangeWhileRunning(t *testing.T) {
	s := newSite(t, "views")
	r := s.start(func(o *Options) { o.Full = 1 }) // rights are looked at in each round
	defer r.stop()
	r.poll()
	s.act("teapot", "--take", "Building")
	r.poll()
	step := func(what, rights string, level Level, topics ...string) {
		t.Helper()
		before := s.told()
		s.sql(rights)
		for _, a := range [][2]string{{"--set-built", "Built"}, {"--set-attempted", "Build-Attempted"}, {"--take", "Building"}} {
			s.act("teapot", a[0], a[1])
		}
		s.sql(fmt.Sprintf("SELECT act('amd64', 'secret', 'hidden', '%d', '--take', 'Building', 'x')", len(before)))
		r.poll()
		want(t, what, s.topics(before), topics...)
		if a := r.q.Access(); a.Level != level {
			t.Errorf("%s: the level is %s", what, a.Level)
		}
		before = s.told()
		r.poll()
		want(t, what+", later", s.topics(before))
	}
	all := []string{"build.finish teapot", "build.attempt teapot", "build.take teapot"}
	step("views", "SELECT 1", Views, "build.take teapot")
	step("then the log", "GRANT SELECT ON amd64_public.transactions, arm64_public.transactions TO guest", ViewsLog, append(all[:3:3], "build.finish teapot", "build.attempt teapot")...)
	step("then the tables", "GRANT SELECT ON packages, transactions, pkg_history TO guest", Base, append(all[:3:3], "build.take hidden", "build.take hidden", "build.take hidden")...)
	step("still", "SELECT 1", Base, append(all[:3:3], "build.take hidden")...)
	s.sql("REVOKE SELECT ON packages, transactions, pkg_history FROM guest")
	_ = r.try()
	r.poll() // as the daemon does once the error is over
	step("then the log alone", "SELECT 1", ViewsLog, all...)
	s.sql("GRANT SELECT ON packages TO guest; REVOKE SELECT ON amd64_public.transactions, arm64_public.transactions FROM guest")
	_ = r.try()
	r.poll()
	step("then the table alone", "SELECT 1", Views, "build.take teapot", "package.update hidden")
	if !strings.Contains(s.logs.String(), string(Base)) {
		t.Error("the log does not tell of the change")
	}
}

// TestColumnsComeAndGo: a column that vanishes costs a round, and no row is
// news for it; neither is it for a column that comes.
func TestColumnsComeAndGo(t *testing.T) {
	s := newSite(t, "wbadm")
	s.act("teapot", "--take", "Building")
	s.sql("UPDATE packages SET failed_category = 'x', notes = 'y'")
	r := s.start(func(o *Options) { o.Full = 1 })
	defer r.stop()
	r.poll()
	s.sql("ALTER TABLE packages DROP COLUMN failed_category CASCADE, DROP COLUMN notes CASCADE")
	if err := r.try(); err != nil && !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a column that vanished gives %v", err)
	}
	r.poll()
	want(t, "without the columns", s.topics(nil))
	s.sql("ALTER TABLE packages ADD COLUMN notes text DEFAULT 'z'")
	r.poll()
	want(t, "with a new column", s.topics(nil))
	s.sql("UPDATE packages SET notes = 'a'")
	r.poll()
	want(t, "when it changes", s.topics(nil), "package.update teapot")
}

// TestHugeTexts are published, a few at a time.
func TestHugeTexts(t *testing.T) {
	s := newSite(t, "views")
	s.sql("INSERT INTO packages (architecture, package, distribution, version, state, state_change) SELECT 'amd64', 'p' || i, 'sid', '1', 'Building', now() FROM generate_series(1, 150) i")
	r := s.start(nil)
	defer r.stop()
	r.poll()
	polls := r.q.Stats().Polls
	s.sql("UPDATE packages SET state = 'Failed', state_change = now(), failed = repeat('it fails ', 28000)")
	r.poll()
	if n := len(s.topics(nil)); n != 150 {
		t.Errorf("of 150 failures %d are told", n)
	}
	if n := r.q.Stats().Polls - polls; n < 2 {
		t.Errorf("38 MB of text came in %d polls", n)
	}
}

// TestLongPause: what waits in the log after weeks is published in shares, in order;
// also where the packages' texts are so long that few are looked at at once.
func TestLongPause(t *testing.T) {
	for _, share := range [][2]int{{shareBytes, shareRows}, {0, 3}} {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			defer func(bytes, rows int) { shareBytes, shareRows = bytes, rows }(shareBytes, shareRows)
			shareBytes, shareRows = share[0], share[1]
			longPause(t)
		})
	}
}

func longPause(t *testing.T) {
	s := newSite(t, "wbadm")
	s.poll()
	s.sql("SELECT act('amd64', 'sid', 'p' || i % 50, '1-1', '--take', CASE WHEN i % 3 = 0 THEN 'Building' ELSE 'Built' END, 'x') FROM generate_series(1, 50) i")
	for range 9 {
		s.sql("SELECT act('amd64', 'sid', 'p' || i % 50, '1-1', '--take', CASE WHEN i % 3 = 0 THEN 'Building' ELSE 'Built' END, 'x') FROM generate_series(1, 50) i")
	}
	r := s.start(func(o *Options) { o.Most = 7 })
	r.poll()
	r.stop()
	rows := s.sql("SELECT count(*) FROM transactions")
	if n := len(s.topics(nil)); rows != fmt.Sprint(n) {
		t.Errorf("of %s rows %d are told", rows, n)
	}
}
