package sweep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/journal"
	"busbar/common/translate"
	"busbar/fixtures/bugtracker"
	"busbar/fixtures/cases"
	"busbar/fixtures/leaks"
	"busbar/soapbus/tracker"
)

func TestMain(m *testing.M) { os.Exit(leaks.Run(m)) }

// A place is a tracker, a journal, and what sweeps are opened with.
type place struct {
	t       *testing.T
	tracker *bugtracker.Tracker
	server  *httptest.Server
	journal *journal.Journal
	path    string
	o       Options
	now     time.Time
	n       int
}

func newPlace(t *testing.T, bugs int) *place {
	t.Helper()
	p := &place{t: t, path: filepath.Join(t.TempDir(), "journal.db"), now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}
	p.tracker = bugtracker.New(bugtracker.Options{First: 700001, Clock: func() time.Time { return p.now }})
	p.server = httptest.NewServer(p.tracker.Handler())
	t.Cleanup(p.server.Close)
	for range bugs {
		p.report()
	}
	p.pass(3 * time.Hour) // what was there is no news
	p.o = Options{Source: "soap", First: 700001, Once: true, Interval: time.Minute, Full: time.Minute, Now: func() time.Time { return p.now }}
	p.open()
	t.Cleanup(func() { p.journal.Close() })
	return p
}

func (p *place) open() {
	p.t.Helper()
	var err error
	p.journal, err = journal.Open(context.Background(), journal.Options{Path: p.path, Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "soapbus.test", Username: "soapbus"}})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) pass(d time.Duration) { p.now = p.now.Add(d) }

func (p *place) letter() bugtracker.Letter {
	p.n++
	return bugtracker.Letter{From: "Nora Ortega <nora@example.org>", Subject: "tea: is cold", Body: "It is.\n", MessageID: fmt.Sprintf("sweep.%d@example.org", p.n)}
}

func (p *place) report() int {
	return p.tracker.Report(bugtracker.Report{Package: "tea", Version: "1-1", Letter: p.letter()})
}

func (p *place) sweep() *Sweep {
	p.t.Helper()
	client, err := tracker.New(tracker.Options{URL: p.server.URL, Timeout: time.Minute})
	if err != nil {
		p.t.Fatal(err)
	}
	o := p.o
	o.Tracker, o.Journal = client, p.journal
	return Open(o)
}

// told makes a round and stores all that it finds; it says what that was.
func (p *place) published() []string {
	p.t.Helper()
	list, err := p.try(p.sweep(), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return list
}

// try reads a sweep to its end. store may refuse an item.
func (p *place) try(s *Sweep, store func() error) (list []string, err error) {
	for {
		it, position, done, err := s.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		err = nil
		if store != nil {
			err = store()
		}
		if err == nil {
			r := journal.Record{Origin: it.Origin, States: it.States}
			if position != nil {
				r.Source, r.Position = p.o.Source, position
			}
			_, err = p.journal.Append(context.Background(), r)
		}
		if err == nil {
			list = append(list, what(it))
		}
		done(err)
	}
}

// what says in a word what an item tells.
func what(it translate.Item[any]) string {
	if u, ok := it.Value.(debbugs.UsertagChange); ok {
		return fmt.Sprintf("%s +%v -%v #%d", u.Tag, u.Added, u.Removed, u.Serial)
	}
	c := it.Value.(debbugs.Change)
	parts := []string{fmt.Sprint(c.Bug - 700000)}
	switch {
	case c.More:
		parts = append(parts, "part")
	case c.Before == nil && c.After != nil:
		parts = append(parts, "new")
	case c.After == nil:
		parts = append(parts, "gone")
	}
	return strings.Join(append(parts, fmt.Sprint(len(c.Log))), " ")
}

func (p *place) want(got []string, want ...string) {
	p.t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.t.Errorf("told %q, want %q", got, want)
	}
}

func (p *place) command(format string, args ...any) {
	p.tracker.Control(p.letter(), fmt.Sprintf(format, args...))
}

// TestSweep: what is there at first is not published; then new bugs, changes with
// their messages, and bugs that are gone are, once each, also over restarts.
func TestSweep(t *testing.T) {
	bugs := cases.Of(520, 1200) // more than one question asks for
	late := bugs - 10
	p := newPlace(t, bugs)
	p.tracker.Mail(700007, "done", p.letter())
	p.pass(1000 * time.Hour)
	p.want(p.published())
	p.want(p.published())
	p.pass(2 * time.Hour)
	p.report()
	p.command("severity 700005 serious")
	p.tracker.Mail(700000+late, "", p.letter())
	if !p.tracker.Expire(700007) { // leaves a record of its own
		t.Error("the tracker does not archive")
	}
	p.tracker.Delete(700009)
	p.want(p.published(), fmt.Sprint(bugs+1, " new 1"), "5 1", fmt.Sprint(late, " 1"), "7 1")
	p.want(p.published()) // 9 is missing for the second time
	p.want(p.published(), "9 gone 0")
	p.want(p.published())
	p.tracker.Mail(700000+late, "", p.letter())
	p.tracker.Mail(700000+late, "", p.letter())
	if err := p.journal.Close(); err != nil {
		t.Fatal(err)
	}
	p.open()
	p.pass(time.Minute)
	p.want(p.published(), fmt.Sprint(late, " 2"))
}

// TestFreshAtFirst: a bug that was written to a moment before we came is taken
// note of with its log, so that what was there is not published, and what follows is.
func TestFreshAtFirst(t *testing.T) {
	p := newPlace(t, 3)
	p.tracker.Mail(700001, "", p.letter())
	p.tracker.Mail(700002, "done", p.letter())
	p.want(p.published())
	p.want(p.published())
	p.tracker.Mail(700001, "", p.letter()) // in the same second
	p.o.Full, p.o.Recent = 1000*time.Hour, time.Nanosecond
	s := p.sweep()
	list, err := p.try(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.want(list, "1 1")
	if err := s.load(context.Background()); err != nil || s.due[700001] != (due{}) || len(s.due) == 0 {
		t.Errorf("a bug that was modified only just now is not asked again: %v, %v", s.due, err)
	}
	p.o.Full = time.Minute
	p.pass(time.Hour)
	p.tracker.Mail(700002, "", p.letter())
	p.want(p.published(), "2 1")
}

// TestStoredOrFoundAgain: what could not be stored is found again in the same
// run, and what was not asked to its end, in the next.
func TestStoredOrFoundAgain(t *testing.T) {
	p := newPlace(t, 20)
	p.o.Users = []string{"qa@example.org"}
	p.want(p.published())
	p.pass(2 * time.Hour)
	var want []string
	for b := 700001; b <= 700020; b++ {
		p.tracker.Mail(b, "", p.letter())
		want = append(want, fmt.Sprintf("%d 1", b-700000))
	}
	p.tracker.Usertag("qa@example.org", "cold", []int{700001}, nil)
	want = append(want, "cold +[700001] -[] #1")
	failures := 0
	got, err := p.try(p.sweep(), func() error {
		if failures++; failures%3 == 1 && failures < 20 {
			return errors.New("the disk is full")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	p.want(slices.Compact(got), want...)
	p.want(p.published())
}

// TestNothingIsBelievedEasily: a tracker whose files are away loses no bug.
func TestNothingIsBelievedEasily(t *testing.T) {
	p := newPlace(t, 40)
	p.want(p.published())
	was := p.tracker
	p.tracker = bugtracker.New(bugtracker.Options{First: 700001, Clock: func() time.Time { return p.now }})
	for range 40 {
		p.report()
	}
	for b := 700001; b <= 700030; b++ {
		p.tracker.Delete(b)
	}
	p.server.Config.Handler = p.tracker.Handler()
	for range 4 {
		if list, err := p.try(p.sweep(), nil); err == nil || !strings.Contains(err.Error(), "not accepted") {
			t.Fatalf("told %v, %v", list, err)
		}
	}
	p.tracker = was
	p.server.Config.Handler = p.tracker.Handler()
	p.want(p.published())
}

// TestManyAreGone: bugs that go a few at a time are believed to be gone, also
// where many of them are asked for again together.
func TestManyAreGone(t *testing.T) {
	p := newPlace(t, 200)
	p.want(p.published())
	p.o.Recent = time.Second
	var got, want []string
	for b := 700001; b <= 700060; b += 10 { // as many at once as are believed
		for n := b; n < b+10; n++ {
			p.tracker.Delete(n)
			want = append(want, fmt.Sprintf("%d gone 0", n-700000))
		}
		got = append(got, p.published()...)
	}
	got = append(got, p.published()...)
	p.want(append(got, p.published()...), want...)
	p.want(p.published())
}

// TestWatch: only the bugs of the lists are asked for, and those that come into
// them later are told from then on.
func TestWatch(t *testing.T) {
	p := newPlace(t, 10)
	other := p.tracker.Report(bugtracker.Report{Package: "kettle", Version: "2-1", Letter: p.letter()})
	p.tracker.Usertag("qa@example.org", "cold", []int{700003}, nil)
	p.pass(2 * time.Hour)
	p.o.Watch = Watch{Packages: []string{"kettle"}, Bugs: []int{700002}, Usertags: []string{"qa@example.org/cold"}}
	p.want(p.published())
	p.pass(2 * time.Hour)
	for _, b := range []int{700001, 700002, 700003, other} {
		p.tracker.Mail(b, "", p.letter())
	}
	p.want(p.published(), "2 1", "3 1", "11 1")
	p.command("reassign 700001 kettle")
	p.pass(time.Hour)
	p.want(p.published()) // it was there before
	p.pass(2 * time.Hour)
	p.tracker.Mail(700001, "", p.letter())
	p.tracker.Report(bugtracker.Report{Package: "kettle", Version: "2-1", Letter: p.letter()})
	p.report()
	p.want(p.published(), "1 1", "12 new 1")
	if n := slices.IndexFunc(p.tracker.Requests(), func(r bugtracker.Request) bool { return r.Method == "get_status" && r.Bugs > 30 }); n >= 0 {
		t.Errorf("it asked for more than is watched: %+v", p.tracker.Requests()[n])
	}
}

// TestUsertags: the tags of a user are told from the second time on, with the
// number of their change.
func TestUsertags(t *testing.T) {
	p := newPlace(t, 5)
	p.o.Users = []string{"qa@example.org"}
	p.tracker.Usertag("qa@example.org", "cold", []int{700001, 700002}, nil)
	p.want(p.published())
	p.tracker.Usertag("qa@example.org", "cold", []int{700003}, []int{700001})
	p.tracker.Usertag("qa@example.org", "4 o'clock", []int{700005}, nil)
	p.want(p.published(), "cold +[700003] -[700001] #1", "4 o'clock +[700005] -[] #1")
	p.want(p.published())
	p.tracker.Usertag("qa@example.org", "cold", nil, []int{700002, 700003})
	p.tracker.Usertag("qa@example.org", "4 o'clock", nil, []int{700005})
	for range missingPatience - 1 {
		s := p.sweep() // a user without any tag may be one whose file is away
		list, err := p.try(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.want(list)
	}
}

// TestFaultyLog: a log that cannot be published is asked for again, and then the rest
// of the news is published without it.
func TestFaultyLog(t *testing.T) {
	p := newPlace(t, 5)
	p.want(p.published())
	p.pass(2 * time.Hour)
	p.tracker.Mail(700002, "", p.letter())
	p.command("severity 700002 minor")
	broken := true
	inner := p.tracker.Handler()
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken && strings.Contains(r.Header.Get("SOAPAction"), "get_bug_log") {
			w.Header().Set("Content-Type", "text/xml")
			w.WriteHeader(500)
			io.WriteString(w, `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>Wide character at Debbugs/Log.pm line 1.</faultstring></soap:Fault></soap:Body></soap:Envelope>`)
			return
		}
		inner.ServeHTTP(w, r)
	})
	for range logPatience - 1 {
		p.want(p.published())
	}
	p.want(p.published(), "2 0")
	p.want(p.published())
	broken = false
	p.tracker.Mail(700002, "", p.letter())
	p.want(p.published(), "2 3") // all messages
}

// TestCutReplyIsNoEnd: a connection that ends is trouble, not the end of all.
func TestCutReplyIsNoEnd(t *testing.T) {
	p := newPlace(t, 5)
	p.want(p.published())
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close() // the client reads io.EOF
	})
	if list, err := p.try(p.sweep(), nil); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("told %v, %v", list, err)
	}
}

// TestGrace leaves a change to mail for a while.
func TestGrace(t *testing.T) {
	p := newPlace(t, 5)
	p.o.Grace = 5 * time.Minute
	p.want(p.published())
	p.pass(2 * time.Hour)
	p.tracker.Mail(700002, "", p.letter())
	p.pass(time.Minute)
	p.want(p.published())
	p.pass(5 * time.Minute)
	p.want(p.published(), "2 1")
}

// TestImport tells everything once, and what is published later from there.
func TestImport(t *testing.T) {
	p := newPlace(t, 3)
	p.tracker.Mail(700002, "", p.letter())
	p.o.Users = []string{"qa@example.org"}
	p.tracker.Usertag("qa@example.org", "cold", []int{700001}, nil)
	p.pass(2 * time.Hour)
	p.want(p.published())
	p.o.Once, p.o.Import = false, true
	p.want(p.published(), "1 new 1", "2 new 2", "3 new 1", "cold +[700001] -[] #0")
	p.o.Once, p.o.Import = true, false
	p.tracker.Mail(700002, "", p.letter())
	p.want(p.published(), "2 1")
}

// TestLongLog: a log of many messages comes in parts, the state with the last.
func TestLongLog(t *testing.T) {
	p := newPlace(t, 1)
	p.want(p.published())
	p.pass(2 * time.Hour)
	for range mostEntries + 3 {
		p.tracker.Mail(700001, "", p.letter())
	}
	p.want(p.published(), fmt.Sprintf("1 part %d", mostEntries), "1 3")
	p.want(p.published())
}

// TestHint asks for a bug that somebody spoke of before its turn.
func TestHint(t *testing.T) {
	p := newPlace(t, 1200)
	p.want(p.published())
	p.pass(2 * time.Hour)
	p.o.Full, p.o.Recent = 1000*time.Hour, time.Second
	p.tracker.Mail(700002, "", p.letter())
	p.want(p.published()) // not yet its turn
	s := p.sweep()
	s.Hint(700002)
	list, err := p.try(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.want(list, "2 1")
}

// TestHeadOfValue: what a start reads of each bug is cut off rightly.
func TestHeadOfValue(t *testing.T) {
	for _, k := range []known{{}, {Missing: 1}, {Faulty: 1}, {Faulty: logPatience}} {
		k.LogModified = 12
		at, care := head(k.value())
		if at != 12 || care != k.care() {
			t.Errorf("%+v: %d, %v", k, at, care)
		}
	}
	if at, care := head([]byte("x")); at != 0 || care {
		t.Errorf("nonsense is %d, %v", at, care)
	}
}
