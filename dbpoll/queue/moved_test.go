package queue

import (
	"context"
	"strings"
	"testing"
	"time"

	"busbar/common/journal"
)

const past = `INSERT INTO transactions SELECT 'amd64', 'old' || i, 'sid', '1-1', '--take', 'Needs-Build', 'Building', 'x', 'x', now() - interval '300 days' FROM generate_series(1, 50) i`

// TestLogRewritten: VACUUM FULL moves every row of the log, and none is news.
func TestLogRewritten(t *testing.T) {
	s := newSite(t, "wbadm")
	r := s.start(nil)
	defer r.stop()
	r.poll()
	for _, a := range [][2]string{{"--take", "Building"}, {"--merge-v3: deleted", "deleted"}, {"--take", "Building"}, {"--set-built", "Built"}} {
		s.act("teapot", a[0], a[1])
	}
	s.sql("DELETE FROM transactions WHERE state = 'Building' AND ctid = '(0,1)'")
	r.poll()
	before := s.told()
	s.sql("VACUUM FULL transactions")
	s.act("teapot", "--set-uploaded", "Uploaded")
	r.poll()
	want(t, "after VACUUM FULL", s.topics(before), "build.upload teapot")
}

// TestRestoredInPlace: the tables of a running poller's database are dropped
// and come back from a dump, the log's old rows last.
func TestRestoredInPlace(t *testing.T) {
	s := newSite(t, "wbadm")
	s.sql(past)
	s.act("teapot", "--take", "Building")
	dump, err := server.Dump(context.Background(), s.name)
	if err != nil {
		t.Fatal(err)
	}
	r := s.start(nil)
	defer r.stop()
	r.poll()
	s.act("teapot", "--set-built", "Built")
	r.poll()
	before := s.told()
	s.sql("DROP SCHEMA public, amd64, amd64_public, arm64, arm64_public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO public")
	s.sql(dump)
	s.sql("CREATE TEMP TABLE kept AS TABLE transactions; TRUNCATE transactions; INSERT INTO transactions TABLE kept")
	r.poll()
	want(t, "after the restore", s.topics(before), "build.take teapot", "database.replace <nil>", "package.update teapot")
	before = s.told()
	s.sql("CREATE TEMP TABLE kept AS TABLE transactions; TRUNCATE transactions;")
	r.poll()
	s.sql(past)
	s.act("teapot", "--set-attempted", "Build-Attempted")
	r.poll()
	want(t, "after the log's restore", s.topics(before), "build.attempt teapot")
}

// TestWritersElsewhere: times of the log are those of the writers' zone, also
// those of the first hours.
func TestWritersElsewhere(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"guest", "wbadm"} {
		s := newSite(t, role)
		s.sqlIn("postgres", "ALTER DATABASE "+s.name+" SET timezone = 'America/New_York'")
		s.act("teapot", "--take", "Building")
		poll := func() {
			r := s.start(func(o *Options) { o.Zone = zone })
			r.poll()
			r.stop()
		}
		poll()
		s.act("teapot", "--set-built", "Built")
		s.act("teapot", "--set-uploaded", "Uploaded")
		poll()
		want(t, role, s.topics(nil), "build.finish teapot", "build.upload teapot")
		poll()
		want(t, role+", later", s.topics(nil), "build.finish teapot", "build.upload teapot")
	}
}

// TestWrongClock: a build daemon whose clock is wrong does not hide the others'
// builds, and neither does a row of the log.
func TestWrongClock(t *testing.T) {
	s := newSite(t, "guest")
	s.poll()
	s.sql("INSERT INTO pkg_history VALUES ('amd64', 'teapot', 'sid', '1-1', localtimestamp + interval '9 years', 'failed', 61, 1, 'leaf')")
	s.sql("INSERT INTO transactions VALUES ('amd64', 'cup', 'sid', '1-1', '--take', 'Needs-Build', 'Building', 'x', 'x', localtimestamp + interval '9 years')")
	s.poll()
	s.sql("INSERT INTO pkg_history VALUES ('amd64', 'kettle', 'sid', '1-1', localtimestamp, 'failed', 61, 1, 'leaf')")
	s.act("kettle", "--take", "Building")
	s.act("kettle", "--set-attempted", "Build-Attempted")
	r := s.start(nil)
	defer r.stop()
	r.poll()
	got := strings.Join(s.topics(nil), ", ")
	for _, w := range []string{"log.record teapot", "log.record kettle", "build.take kettle", "build.attempt kettle", "build.take cup"} {
		if !strings.Contains(got, w) {
			t.Errorf("%s is not told, only %s", w, got)
		}
	}
	if len(r.q.builds.published) > 2 {
		t.Errorf("%d builds are remembered", len(r.q.builds.published))
	}
}

// TestReplacedOnce: a poller that is killed before it has stored how far it
// came notices again that the database was replaced, and tells it once.
func TestReplacedOnce(t *testing.T) {
	ctx := context.Background()
	s := newSite(t, "wbadm")
	s.act("teapot", "--take", "Building")
	s.poll()
	for range 2 {
		r := s.start(nil)
		if err := r.q.load(ctx); err != nil {
			t.Fatal(err)
		}
		old := r.q.at
		old.Identity, old.Generation = "another", 0
		if _, err := r.j.Append(ctx, journal.Record{Source: r.q.o.Source, Position: old.encode()}); err != nil {
			t.Fatal(err)
		}
		r.stop()
		time.Sleep(1100 * time.Millisecond) // the times of events have seconds
		s.poll()
		want(t, "replaced", s.topics(nil), "database.replace <nil>")
	}
}
