package present

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"busbar/bus/bustest"
	"busbar/bus/kinds"
	"busbar/bus/web"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/fixtures/bugtracker"
)

// A site is an archive, its hub's pages, a tracker and a queue.
type site struct {
	t       *testing.T
	a       *archive.Archive
	seq     int64
	states  map[string]States
	tracker *bugtracker.Tracker
	bugs    Source
	queue   *sql.DB
	builds  Source
}

func newSite(t *testing.T) *site {
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &site{t: t, states: map[string]States{}, tracker: bugtracker.New(bugtracker.Options{First: 700001})}
	table, err := kinds.Present()
	must(err)
	path := filepath.Join(t.TempDir(), "archive.db")
	s.a, err = archive.Open(ctx, archive.Options{Path: path, States: table, Time: time.Minute})
	must(err)
	routes, err := web.Routes(web.Options{Archive: s.a.Reader, Prefix: "org.debian", Log: slog.New(slog.DiscardHandler)})
	must(err)
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.Pattern, r.Serve)
	}
	hub, tracker := httptest.NewServer(mux), httptest.NewServer(s.tracker.Handler())
	s.states["archive"], err = OfArchive(ctx, path)
	must(err)
	s.states["hub"], err = OfHub(hub.URL)
	must(err)
	s.bugs, err = Tracker(tracker.URL+"/cgi-bin/soap.cgi", 60_000)
	must(err)
	queue := filepath.Join(t.TempDir(), "queue.db")
	s.queue, err = sql.Open("sqlite", "file:"+queue)
	must(err)
	_, err = s.queue.Exec(`CREATE TABLE packages (package TEXT NOT NULL, version TEXT, architecture TEXT NOT NULL, state TEXT, section TEXT, priority TEXT, installed_version TEXT, previous_state TEXT, state_change TEXT,
		notes TEXT, builder TEXT, failed TEXT, old_failed TEXT, binary_nmu_version INTEGER, binary_nmu_changelog TEXT, failed_category TEXT, permbuildpri INTEGER, buildpri INTEGER, depends TEXT, rel TEXT, bd_problem TEXT,
		extra_depends TEXT, extra_conflicts TEXT, distribution TEXT NOT NULL, build_arch_all BOOLEAN, PRIMARY KEY (architecture, package, distribution))`)
	must(err)
	s.builds, err = Queue(ctx, "sqlite:"+queue)
	must(err)
	t.Cleanup(func() {
		hub.Close()
		tracker.Close()
		for _, c := range []interface{ Close() error }{s.states["archive"], s.states["hub"], s.bugs, s.builds, s.queue, s.a} {
			must(c.Close())
		}
	})
	return s
}

func (s *site) say(topic, body string, args ...any) {
	s.t.Helper()
	msg, err := event.Parse(fmt.Appendf(nil, body, args...))
	if err != nil {
		s.t.Fatal(err)
	}
	s.seq++
	m, err := bustest.Incoming(event.Envelope{Topic: "org.debian.dev." + topic, MsgID: event.FormatID(time.Unix(s.seq, 0), event.UUID("present", fmt.Sprint(s.seq))),
		Timestamp: s.seq, I: s.seq, Seq: s.seq, Publisher: "p", Epoch: "e", Msg: msg})
	if err == nil {
		_, err = s.a.Append(context.Background(), archive.Batch{Messages: []archive.Incoming{m}})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// is compares with a source, by the archive's file and by the hub.
func (s *site) is(with Source, want Found, differ ...string) {
	s.t.Helper()
	for name, states := range s.states {
		got, err := Compare(context.Background(), states, with, time.Millisecond)
		var all []string
		for _, d := range got.Differ {
			for _, m := range d.Members {
				all = append(all, d.Key+" "+m.Member)
			}
		}
		if err != nil || got.Compared != want.Compared || got.Unknown != want.Unknown || got.More != 0 || strings.Join(all, ",") != strings.Join(differ, ",") {
			s.t.Errorf("by the %s: %+v (%v); %q differ, want %+v and %q", name, got, err, all, want, differ)
		}
	}
}

// TestBugs: what the messages say of bugs is compared with a tracker that answers SOAP:
// more bugs than one question has, a bug that went, and members that differ.
func TestBugs(t *testing.T) {
	s := newSite(t)
	const n = 505
	for i := range n {
		bug := s.tracker.Report(bugtracker.Report{Package: "teapot", Severity: "minor", Letter: bugtracker.Letter{From: "nora@example.org", Subject: fmt.Sprint("drips ", i), MessageID: fmt.Sprint("m", i, "@example.org")}})
		s.say("debbugs.bug.create", `{"bug":%d,"package":"teapot","packages":["teapot"],"title":"drips %d","severity":"minor","tags":[],"person":{"name":"","email":"nora@example.org"}}`, bug, i)
	}
	s.is(s.bugs, Found{Compared: n})
	s.say("debbugs.bug.severity.update", `{"bug":700003,"severity":"grave"}`)
	s.say("debbugs.bug.tag.update", `{"bug":700505,"added":["patch"],"removed":[]}`)
	s.tracker.Delete(700005)
	s.is(s.bugs, Found{Compared: n}, "700003 severity", "700005 gone", "700505 tags")
	s.say("debbugs.bug.delete", `{"bug":700005}`)
	s.tracker.Control(bugtracker.Letter{From: "nora@example.org", MessageID: "c@example.org"}, "severity 700003 grave\ntags 700505 + patch")
	s.is(s.bugs, Found{Compared: n})
	s.say("debbugs.bug.severity.update", `{"bug":999999,"severity":"grave"}`)
	s.is(s.bugs, Found{Compared: n + 1}, "999999 gone")
}

// TestBuilds: the same of builds, with a queue's database.
func TestBuilds(t *testing.T) {
	s := newSite(t)
	run := func(text string) {
		t.Helper()
		if _, err := s.queue.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		run(fmt.Sprintf(`INSERT INTO packages (package, architecture, distribution, version, state, builder) VALUES ('p%d', 'arm64', 'sid', '1', 'Building', 'b')`, i))
	}
	s.is(s.builds, Found{Unknown: 3})
	for i := range 2 {
		s.say("wannabuild.build.take", `{"package":"p%d","suite":"sid","architecture":"arm64","version":"1","state":"Building","builder":"b"}`, i)
	}
	s.is(s.builds, Found{Compared: 2, Unknown: 1})
	run(`UPDATE packages SET state = 'Failed', builder = 'c', failed = 'it leaks' WHERE package = 'p1'`)
	run(`DELETE FROM packages WHERE package = 'p0'`)
	s.is(s.builds, Found{Compared: 2, Unknown: 1}, "sid/arm64/p0 gone", "sid/arm64/p1 builder", "sid/arm64/p1 state")
	s.say("wannabuild.build.forget", `{"package":"p0","suite":"sid","architecture":"arm64","state":"deleted"}`)
	s.say("wannabuild.build.fail", `{"package":"p1","suite":"sid","architecture":"arm64","version":"1","state":"Failed","builder":"c","reason":"it leaks","truncated":false}`)
	s.is(s.builds, Found{Compared: 2, Unknown: 1})
}

// TestSources: what cannot be asked is an error, and no difference.
func TestSources(t *testing.T) {
	s := newSite(t)
	s.say("debbugs.bug.severity.update", `{"bug":7,"severity":"grave"}`)
	away, err := Tracker("http://127.0.0.1:1/soap", 60_000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(context.Background(), s.states["archive"], away, 0); err == nil {
		t.Error("a tracker that is away says something")
	}
	if _, err := Queue(context.Background(), "nonsense"); err == nil {
		t.Error("nonsense is a database")
	}
	empty, err := Queue(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "none.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(context.Background(), s.states["archive"], empty, 0); err == nil {
		t.Error("a queue that is not there says something")
	}
	if _, err := OfHub("nowhere"); err == nil {
		t.Error("nowhere is a hub")
	}
}
