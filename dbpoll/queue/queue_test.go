package queue

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"busbar/dbpoll/database"
	"busbar/fixtures/cluster"
)

func want(t *testing.T, what string, got []string, topics ...string) {
	t.Helper()
	slices.Sort(topics)
	if !slices.Equal(got, topics) {
		t.Errorf("%s: told %q, want %q", what, got, topics)
	}
}

// TestLateCommitter: a transaction that began first and commits last is published
// after the others, and is published.
func TestLateCommitter(t *testing.T) {
	for _, role := range []string{"wbadm", "guest", "views"} {
		s := newSite(t, role)
		r := s.start(nil)
		r.poll()
		release := s.hold("SELECT act('amd64', 'sid', 'early', '1-1', '--take', 'Building', 'x')")
		s.act("late", "--take", "Building")
		before := s.told()
		r.poll()
		want(t, role+": while the first runs", s.topics(before), "build.take late")
		s.act("late", "--set-built", "Built")
		r.poll()
		release("COMMIT")
		before = s.told()
		r.poll()
		want(t, role+": when the first is over", s.topics(before), "build.take early")
		r.poll()
		if n := len(s.told()); n != 3 {
			t.Errorf("%s: %d facts in all, want 3", role, n)
		}
		r.stop()
	}
}

// hold runs a statement in a transaction that stays open until release.
func (s *site) hold(statement string) (release func(end string)) {
	s.t.Helper()
	reached, end, over := make(chan bool), make(chan string), make(chan error)
	go func() {
		err := server.Session(context.Background(), "postgres", s.name, func(run func(string) error) error {
			err := run("BEGIN; " + statement)
			reached <- err == nil
			if err != nil {
				return err
			}
			return run(<-end)
		})
		over <- err
	}()
	if !<-reached {
		s.t.Fatal(<-over)
	}
	return func(how string) {
		s.t.Helper()
		end <- how
		if err := <-over; err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestRollbacksAreNotTold(t *testing.T) {
	s := newSite(t, "wbadm")
	s.act("teapot", "--merge-v3: needs-build", "Needs-Build")
	r := s.start(nil)
	defer r.stop()
	r.poll()
	release := s.hold("SELECT act('amd64', 'sid', 'teapot', '1-1', '--take', 'Building', 'x')")
	r.poll()
	release("ROLLBACK")
	s.sql("BEGIN; SELECT act('amd64', 'sid', 'cup', '1-1', '--take', 'Building', 'x'); SAVEPOINT a; SELECT act('amd64', 'sid', 'cup', '1-1', '--set-built', 'Built', 'x'); ROLLBACK TO a; SELECT act('amd64', 'sid', 'cup', '1-1', '--set-attempted', 'Build-Attempted', 'x'); COMMIT")
	r.poll()
	want(t, "a rolled-back transaction and a rolled-back savepoint", s.topics(nil), "build.attempt cup", "build.take cup")
}

// TestWhatIsThereAtFirstIsNotNews, but what changes later is, also where nobody
// logs it, and also while nobody polls.
func TestFirstPollAndPause(t *testing.T) {
	for _, role := range []string{"wbadm", "guest", "views"} {
		s := newSite(t, role)
		s.act("teapot", "--take", "Building")
		s.act("kettle", "--take", "Building")
		s.sql("INSERT INTO pkg_history VALUES ('amd64', 'teapot', 'sid', '1-1', localtimestamp - interval '1 hour', 'failed', 61, 1, 'leaf')")
		s.poll()
		s.poll()
		want(t, role+": at first", s.topics(nil))
		s.act("teapot", "--set-built", "Built")
		s.sql("UPDATE packages SET state = 'Uploaded', previous_state = 'Building', state_change = now() WHERE package = 'kettle'")
		s.sql("INSERT INTO pkg_history VALUES ('amd64', 'teapot', 'sid', '1-1', localtimestamp - interval '5 hours', 'successful', 61, 1, 'leaf')")
		s.poll()
		want(t, role+": after a pause", s.topics(nil), "build.finish teapot", "build.upload kettle", "log.record teapot")
		for _, what := range s.told() {
			if !strings.HasSuffix(what, " recovered") {
				t.Errorf("%s: what happened while nobody polled is not marked: %s", role, what)
			}
		}
		s.poll()
		if n := len(s.told()); n != 3 {
			t.Errorf("%s: polled again, there are %d facts", role, n)
		}
	}
}

func TestLiveNewsIsNotRecovered(t *testing.T) {
	s := newSite(t, "wbadm")
	r := s.start(nil)
	defer r.stop()
	r.poll()
	s.act("teapot", "--take", "Building")
	s.sql("UPDATE packages SET buildpri = 7")
	r.poll()
	for _, what := range s.told() {
		if strings.HasSuffix(what, "recovered") {
			t.Errorf("live news is marked recovered: %s", what)
		}
	}
	if len(s.told()) != 1 {
		t.Errorf("told %v", s.told())
	}
}

func TestSecretSuitesStaySecretToGuests(t *testing.T) {
	for role, topics := range map[string][]string{"guest": nil, "wbadm": {"build.take teapot"}} {
		s := newSite(t, role)
		s.poll()
		s.sql("SELECT act('amd64', 'secret', 'teapot', '1-1', '--take', 'Building', 'x')")
		s.poll()
		want(t, role, s.topics(nil), topics...)
	}
}

func TestArchitecturesAreChosen(t *testing.T) {
	s := newSite(t, "wbadm")
	s.sql("SELECT act('arm64', 'sid', 'cup', '1-1', '--take', 'Building', 'x'), act('amd64', 'sid', 'cup', '1-1', '--take', 'Building', 'x')")
	only := func(o *Options) { o.Architectures = []string{"arm64"} }
	r := s.start(only)
	defer r.stop()
	r.poll()
	s.sql("SELECT act('arm64', 'sid', 'cup', '1-1', '--set-built', 'Built', 'x'), act('amd64', 'sid', 'cup', '1-1', '--set-built', 'Built', 'x')")
	r.poll()
	if told := s.told(); len(told) != 1 {
		t.Errorf("told %v", told)
	}
	db, err := database.Open(context.Background(), database.Options{URL: s.url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := Look(context.Background(), db, []string{"m68k"}); err == nil || !strings.Contains(err.Error(), "it sees amd64, arm64") {
		t.Errorf("an unknown architecture gives %v", err)
	}
}

func TestImport(t *testing.T) {
	s := newSite(t, "guest")
	s.act("teapot", "--take", "Building")
	s.act("kettle", "--no-build", "Not-For-Us")
	r := s.start(func(o *Options) { o.Import = true })
	r.poll()
	r.stop()
	want(t, "imported", s.topics(nil), "build.exclude kettle", "build.take teapot")
	for _, what := range s.told() {
		if !strings.HasSuffix(what, " recovered") {
			t.Errorf("%s is not marked", what)
		}
	}
	s.poll()
	s.poll()
	if n := len(s.told()); n != 2 {
		t.Errorf("polled after the import, there are %d facts", n)
	}
}

// TestAccessIsSaid for each role.
func TestAccessIsSaid(t *testing.T) {
	for role, level := range map[string]Level{"wbadm": Base, "guest": ViewsLog, "views": Views} {
		s := newSite(t, role)
		db, err := database.Open(context.Background(), database.Options{URL: s.url})
		if err != nil {
			t.Fatal(err)
		}
		a, err := Look(context.Background(), db, nil)
		if err != nil || a.Level != level || !a.History || len(a.Meaning()) == 0 {
			t.Errorf("%s may read %+v (%v), want %s", role, a, err, level)
		}
		db.Close()
	}
	s := newSite(t, "wbadm")
	s.sql("CREATE ROLE stranger LOGIN")
	db, err := database.Open(context.Background(), database.Options{URL: server.URL("stranger", s.name)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := Look(context.Background(), db, nil); err == nil || !strings.Contains(err.Error(), "contrib/sql") {
		t.Errorf("somebody who may read nothing is told %v", err)
	}
}

// TestRestoredDatabase goes back to an older dump, in place and in another
// cluster: it is said, and the news after it is published.
func TestRestoredDatabase(t *testing.T) {
	ctx := context.Background()
	for _, elsewhere := range []bool{false, true} {
		s := newSite(t, "wbadm")
		s.act("teapot", "--take", "Building")
		s.poll()
		s.act("teapot", "--set-built", "Built")
		s.poll()
		dump, err := server.Dump(ctx, s.name)
		if err != nil {
			t.Fatal(err)
		}
		s.act("teapot", "--set-uploaded", "Uploaded")
		s.poll()
		if elsewhere {
			other, err := cluster.StartPostgres(ctx, filepath.Join(t.TempDir(), "pg"), cluster.PostgresOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer other.Stop()
			old := server
			server = other
			defer func() { server = old }()
			s.sqlIn("postgres", "CREATE ROLE wbadm LOGIN; CREATE ROLE guest LOGIN")
		} else {
			s.sqlIn("postgres", "DROP DATABASE "+s.name)
		}
		s.sqlIn("postgres", "CREATE DATABASE "+s.name)
		s.sql(dump)
		s.url = server.URL("wbadm", s.name)
		before := s.told()
		s.act("teapot", "--set-attempted", "Build-Attempted")
		s.act("teapot", "--set-failed", "Failed")
		s.act("teapot", "--give-back", "Needs-Build")
		r := s.start(func(o *Options) { o.Most = 1 }) // the log is read again in shares
		r.poll()
		r.stop()
		want(t, "after the restore", s.topics(before), "build.attempt teapot", "build.fail teapot", "build.queue teapot", "build.retry teapot", "database.replace <nil>")
		if !strings.Contains(s.logs.String(), "the database was replaced") {
			t.Error("the log does not say that the database was replaced")
		}
		before = s.told()
		s.poll()
		s.act("teapot", "--take", "Building")
		s.poll()
		want(t, "later", s.topics(before), "build.take teapot")
	}
}

// TestWrongBytes: a database that checks no encoding, and a failure text in two.
func TestWrongBytes(t *testing.T) {
	s := newSite(t, "wbadm")
	s.sqlIn("postgres", "DROP DATABASE "+s.name+"; CREATE DATABASE "+s.name+" ENCODING 'SQL_ASCII' TEMPLATE template0")
	s.setup()
	s.act("teapot", "--take", "Building")
	s.poll()
	s.sql(`UPDATE packages SET state = 'Failed', state_change = now(), failed = E'latin1 \351 and utf-8 \303\251'`)
	s.poll()
	r := s.start(nil)
	defer r.stop()
	m, err := r.j.Reader().Last(context.Background())
	if err != nil || !strings.Contains(string(m.Wire), `latin1 \u00e9 and utf-8 \u00e9`) {
		t.Errorf("the failure text is %s (%v)", m.Wire, err)
	}
	if !strings.Contains(s.logs.String(), "not UTF-8") {
		t.Error("the log does not say it")
	}
}
