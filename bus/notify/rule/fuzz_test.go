package rule

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"busbar/common/event"
)

// some are events of several kinds, and one that is about nothing.
func some() []*Event {
	who := map[string]any{"name": "Jane", "email": "jane@example.org"}
	say := func(topic string, body map[string]any) *Event {
		return NewEvent("org.debian", event.Envelope{Topic: "org.debian.dev." + topic, MsgID: "2026-" + strings.Repeat("0", 8), Title: "tea is ready", Msg: body}, nil)
	}
	return []*Event{
		NewEvent("org.debian", event.Envelope{}, nil),
		say("debbugs.bug.create", map[string]any{"package": "hello", "bug": event.Int("5"), "person": who, "severity": "serious"}),
		say("dak.source.accept", map[string]any{"source": "teapot", "suite": "unstable", "architectures": []any{"all"}, "person": who}),
		say("debmessenger.bts.bug.open", map[string]any{"package": "hello"}),
	}
}

// FuzzFilter: a filter that is accepted asks for something, so it leaves out what is about
// nothing; and read again it takes the same.
func FuzzFilter(f *testing.F) {
	for _, r := range ReadyMade() {
		f.Add(r.Filter)
	}
	for _, text := range []string{"package:@mine -severity:minor", "bug:@mine OR x", "person:me keyword:bts", "-person:me tea*", `"a b" topic:debbugs`, "package:@tea", "list:@none", "since:2026-01-01 x", "agent:@tea", "\xff:", "-"} {
		f.Add(text)
	}
	sets := Book{Sets: map[string][]string{"tea": {"hello", "teapot"}, "none": {}}}.Resolve
	mine := []string{"hello"}
	jane := Of{Person: &Person{Key: "jane", Addresses: []string{"jane@example.org"}, Packages: mine}, Reported: func(bug string) bool { return bug == "5" }}
	events := some()
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := ParseFilter(text, "org.debian", mine, sets)
		if err != nil {
			if len(err.Error()) > 8*len(text)+2000 || filter != nil {
				t.Errorf("%q: an error of %d bytes, and %v", text, len(err.Error()), filter)
			}
			return
		}
		if filter.Takes(events[0], jane) {
			t.Errorf("%q takes what is about nothing", text)
		}
		again, err := ParseFilter(filter.Text, "org.debian", mine, sets)
		if err != nil {
			t.Fatalf("%q cannot be read again: %v", text, err)
		}
		for _, ev := range events {
			if filter.Takes(ev, jane) != again.Takes(ev, jane) {
				t.Errorf("%q takes %s, and does not", text, ev.Bare)
			}
		}
	})
}

// FuzzWhen: what is a time comes, within eight days; and quiet hours end within a day and
// the hour that a change of clocks takes.
func FuzzWhen(f *testing.F) {
	f.Add("daily", "08:00", "", "22:00-07:00", "Europe/Berlin", int64(1774746000))
	f.Add("weekly", "02:30", "Sunday", "02:10-02:50", "Europe/Berlin", int64(1792890000))
	f.Add("hourly", "0:59", "", "00:00-23:59", "Australia/Lord_Howe", int64(1790000000))
	f.Add("now", "", "", "-", "../../etc/passwd", int64(0))
	f.Fuzz(func(t *testing.T, every, at, on, quiet, name string, unix int64) {
		now := time.Unix(unix%(1<<33), 0)
		zone, err := ParseZone(name)
		if err != nil && zone != time.UTC {
			t.Errorf("zone %q is %v, and %v", name, zone, err)
		}
		if w, err := ParseWhen(every, at, on); err == nil && w.Every != "" {
			if next := w.Next(now, zone); !next.After(now) || next.Sub(now) > 8*24*time.Hour+time.Hour {
				t.Errorf("%q %q %q in %s: at %s the next is %s", every, at, on, zone, now, next)
			}
		}
		q, err := ParseQuiet(quiet)
		if err != nil {
			return
		}
		if q.From < 0 || q.From >= 24*60 || q.To < 0 || q.To >= 24*60 {
			t.Errorf("%q is %+v", quiet, q)
		}
		if end := q.Until(now, zone); !end.IsZero() && (!end.After(now) || end.Sub(now) > 26*time.Hour) {
			t.Errorf("%q in %s: at %s it ends at %s", quiet, zone, now, end)
		}
	})
}

// FuzzFiles: people are read whole and within bounds, and the same each time; or an error
// says in which file what is wrong.
func FuzzFiles(f *testing.F) {
	f.Add("[sets.tea]\nvalues = [\"teapot\"]\nfile = \"list\"\n[maintainers]\nfiles = [\"list\"]\n", "hello  Jane Doe <jane@example.org> # x\n")
	f.Add("[people.jane]\naddresses = [\"Jane@Example.org\"]\npackages = [\"@tea\", \"b\", \"a\", \"a\"]\nquiet = \"22:00-07:00\"\nto = [\"mail:jane@example.org\"]\n[[people.jane.rules]]\nready = \"maintained\"\n[[rules]]\nwho = [\"jane\"]\nname = \"x\"\nfilter = \"package:x\"\nwhen = \"weekly\"\n[sets.tea]\nfile = \"list\"\n", "")
	f.Add("[people.jane]\nlimit = -1\nwithin = \"9999999h\"\n[people.jane.rules]\n", "x")
	dir := f.TempDir()
	files := Files{Dir: dir, Prefix: "org.debian"}
	f.Fuzz(func(t *testing.T, rules, list string) {
		if strings.Contains(rules, "/") || strings.Contains(rules, `\`) {
			return // files of this machine
		}
		for name, text := range map[string]string{"x.toml": rules, "list": list} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		book, err := files.Book(t.Context())
		again, err2 := files.Book(t.Context())
		if err != nil || err2 != nil {
			if err == nil || err2 == nil || !strings.Contains(err.Error(), "x.toml") || len(book.People) > 0 {
				t.Errorf("%q: %v, then %v, and %d people", rules, err, err2, len(book.People))
			}
			return
		}
		for _, p := range book.People {
			checkPerson(t, p)
		}
		if !reflect.DeepEqual(book, again) {
			t.Errorf("%q gives other people each time", rules)
		}
	})
}

func checkPerson(t *testing.T, p *Person) {
	t.Helper()
	if !keyForm.MatchString(p.Key) || p.Zone == nil || p.Limit.Check() != nil || len(p.Rules) > maxRules || !utf8.ValidString(p.Name) {
		t.Errorf("%+v", p)
	}
	if !slices.IsSorted(p.Packages) || len(slices.Compact(slices.Clone(p.Packages))) != len(p.Packages) {
		t.Errorf("packages %q", p.Packages)
	}
	for _, r := range p.Rules {
		if r.Filter == nil || r.Name == "" || len(r.Name) > MaxName || r.Settle < 0 || r.Settle > 24*time.Hour || r.Fold < 0 || r.Fold > 24*time.Hour {
			t.Errorf("%+v", r)
		}
	}
}
