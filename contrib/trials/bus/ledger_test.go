package main

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/sqlfile"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/cases"
)

// TestLedger plants faults behind the programs' backs, into what real subscribers wrote
// and into a real journal: the ledger finds each.
func TestLedger(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	if err := trial.Build(ctx, dir, "bus", "contrib/trials/bus/part"); err != nil {
		t.Fatal(err)
	}
	at, err := trial.NewSite(filepath.Join(dir, "site"), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer at.End()
	s, tail := ledgerSite(t, at)
	p := s.publishers[0]
	const n = 20
	published := func() *truth {
		all := newTruth()
		if err := s.take(ctx, all, p, true); err != nil {
			t.Fatal(err)
		}
		return all
	}
	check := func(what string, open func(*truth) *book, fault string) {
		t.Helper()
		now := published()
		b := open(now)
		if err := b.read(ctx); err != nil {
			t.Fatal(err)
		}
		l := now.audit(b.name, b.entries, b.repeats, b.hubs)
		err := l.verdict()
		if fault == "" && (err != nil || l.got < n) || fault != "" && (err == nil || !strings.Contains(err.Error(), fault)) {
			t.Errorf("%s: the verdict is %v, want %q; %s", what, err, fault, l)
		}
	}
	tailBook := func(t *truth) *book { return t.tailBook("tail", tail) }
	programBook := func(t *truth) *book { return t.programBook("program", s.Path("program.db")) }
	eventsBook := func(t *truth) *book { return t.eventsBook("events", s.Path("events.lines")) }

	text, err := os.ReadFile(tail)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "{") {
			lines = append(lines, line)
		}
	}
	if len(lines) != n {
		t.Fatalf("%d lines", len(lines))
	}
	join := func(parts ...[]string) string {
		all := ""
		for _, part := range parts {
			all += strings.Join(part, "")
		}
		return all
	}
	began := []string{"\n" + runMark + "\n"}
	gap := func(from, to, why string) []string {
		return []string{"bus: messages " + from + " to " + to + " of feed, epoch " + epochOf(t, lines[0]) + ": " + why + "\n"}
	}
	const gone = "its journal no longer keeps this"
	for what, f := range map[string]struct{ lines, fault string }{
		"as it is":                    {join(lines), ""},
		"one is lost":                 {join(lines[:9], lines[10:]), "1 tail: lost"},
		"the last is lost":            {join(lines[:n-1]), "1 tail: lost"},
		"one comes twice":             {join(lines[:9], lines[8:]), "1 tail: doubled"},
		"two change places":           {join(lines[:9], lines[10:11], lines[9:10], lines[11:]), "1 tail: reordered"},
		"one is another":              {join(lines[:9], []string{strings.Replace(lines[9], `"number":10`, `"number":11`, 1)}, lines[10:]), "1 tail: not as published"},
		"cut by a kill, and repeated": {join(lines[:9], []string{lines[9][:40]}, began, lines[7:]), ""},
		"not repeated after a kill":   {join(lines[:9], began, lines[10:]), "1 tail: lost"},
		"gone, says a wrong gap":      {join(lines[:9], gap("10", "10", gone), lines[10:]), "1 tail: gaps named falsely"},
		"put back, says a wrong gap":  {join(lines, gap("10", "20", "its journal was put back to an older copy, and uses these numbers again")), "1 tail: gaps named falsely"},
		"a gap of another reason":     {join(lines[:9], gap("10", "10", "refused"), lines[10:]), "1 tail: gaps named falsely"},
	} {
		if err := os.WriteFile(tail, []byte(f.lines), 0o600); err != nil {
			t.Fatal(err)
		}
		check(what, tailBook, f.fault)
	}

	db, err := sqlfile.Open(s.Path("program.db"), 1, url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	check("the program", programBook, "")
	for _, f := range []struct{ what, plant, undo, fault string }{
		{"a row is gone", "CREATE TABLE kept AS SELECT * FROM got; DELETE FROM got WHERE seq = 5", "DELETE FROM got; INSERT INTO got SELECT * FROM kept", "1 program: lost"},
		{"a row is there twice", "INSERT INTO got (publisher, epoch, seq, id, topic, digest) SELECT publisher, epoch, seq, id, topic, digest FROM got WHERE seq = 20", "DELETE FROM got WHERE n = (SELECT max(n) FROM got)", "1 program: doubled"},
		{"two rows change places", "UPDATE got SET n = 1000 WHERE seq = 19", "UPDATE got SET n = (SELECT kept.n FROM kept WHERE kept.seq = 19) WHERE seq = 19", "1 program: reordered"},
		{"a row of another message", "UPDATE got SET digest = x'00' WHERE seq = 5", "UPDATE got SET digest = (SELECT kept.digest FROM kept WHERE kept.seq = 5) WHERE seq = 5", "1 program: not as published"},
	} {
		change(t, db, f.plant)
		check(f.what, programBook, f.fault)
		change(t, db, f.undo)
		check(f.what+", undone", programBook, "")
	}

	listened, err := os.ReadFile(s.Path("events.lines"))
	if err != nil {
		t.Fatal(err)
	}
	check("the listener", eventsBook, "")
	for what, f := range map[string]struct{ lines, fault string }{
		"an event is lost":          {strings.Join(strings.SplitAfter(string(listened), "\n")[:n-1], ""), "events: lost"},
		"all events come twice":     {string(listened) + string(listened), "20 events: doubled"},
		"an event gap that is none": {string(listened) + "x\tgap\t" + `{"publisher":"feed","epoch":"x","first":1,"last":2,"reason":"retention"}` + "\n", "1 events: gaps named falsely"},
	} {
		if err := os.WriteFile(s.Path("events.lines"), []byte(f.lines), 0o600); err != nil {
			t.Fatal(err)
		}
		check(what, eventsBook, f.fault)
	}

	// A journal whose message was changed is no witness.
	journal, err := sqlfile.Open(p.journal, 1, url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	change(t, journal, `UPDATE messages SET wire = CAST(replace(CAST(wire AS TEXT), '"number":7', '"number":8') AS BLOB) WHERE seq = 7`)
	now := newTruth()
	if err := s.take(ctx, now, p, true); err == nil && len(now.faults) == 0 {
		t.Error("a journal with another message has no fault")
	}
}

func change(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

func epochOf(t *testing.T, line string) string {
	t.Helper()
	e, err := newTruth().entryOf([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return e.epoch
}

// ledgerSite is a bus where 20 notes were said, and that was stopped when all had them.
func ledgerSite(t *testing.T, at *trial.Site) (s *site, tail string) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%s", err, at.LastWords())
		}
	}
	s, err := newSite(at, options{Options: trial.Options{Seed: cases.Seed()}}, true)
	must(err)
	must(s.feeder("feed", 100, time.Second))
	must(s.publishers[0].source.want(20))
	_, err = s.follower("tail", "bus", "tail", "", "--position", s.Path("tail.position"), "--from", "start", "--json")
	must(err)
	_, err = s.follower("program", "part", "listen", "", "--out", s.Path("program.db"))
	must(err)
	_, err = s.hub("hub")
	must(err)
	_, err = s.listener()
	must(err)
	must(s.start())
	truth := newTruth()
	for _, b := range []*book{truth.tailBook("tail", s.Path("tail.log")), truth.programBook("program", s.Path("program.db")), truth.eventsBook("events", s.Path("events.lines"))} {
		must(s.await(ctx, b.name+" to have all", patience, func() (bool, error) { return len(b.had) == 20, b.read(ctx) }))
	}
	for _, d := range s.daemons() {
		must(d.Stop())
	}
	return s, s.Path("tail.log")
}

// TestLedgerRules holds the ledger to what it says of journals that were pruned and put
// back.
func TestLedgerRules(t *testing.T) {
	message := func(truth *truth, seq int64, id byte) entry {
		return entry{place: place{"p", "e", seq}, fact: fact{[16]byte{id}, "t"}, digest: digest{id}}
	}
	gap := func(reason string, from, to int64) entry {
		return entry{place: place{"p", "e", from}, until: to, gap: reason}
	}
	for what, c := range map[string]struct {
		entries []byte // ids; 0: the gap
		gap     entry
		fault   string
	}{
		"retention took 2, and it is named":   {[]byte{1, 0, 3, 5}, gap(retention, 2, 2), ""},
		"retention took 2, and it came":       {[]byte{1, 2, 0, 3, 5}, gap(retention, 2, 2), "named falsely"},
		"retention did not take 3":            {[]byte{1, 2, 0, 5}, gap(retention, 3, 3), "named falsely"},
		"4 was lost, and nobody had it":       {[]byte{1, 2, 3, 5}, entry{}, ""},
		"4 was lost, and named":               {[]byte{1, 2, 3, 4, 0, 5}, gap(putBack, 4, 4), ""},
		"4 was lost, and not named":           {[]byte{1, 2, 3, 4}, entry{}, "gone without a name"},
		"what came in the place of 4 is lost": {[]byte{1, 2, 3, 4, 0}, gap(putBack, 4, 4), "lost"},
	} {
		truth := newTruth()
		truth.back["p"] = true
		truth.pruned[place{"p", "e", 2}] = true
		for id := byte(1); id <= 5; id++ {
			e := message(truth, min(int64(id), 4), id) // 5 got the number of 4
			truth.note(e.place, e.fact, e.digest)
			truth.kept[e.fact] = id != 4
			if id == 4 {
				delete(truth.kept, e.fact)
			}
		}
		var entries []entry
		for _, id := range c.entries {
			if id == 0 {
				entries = append(entries, c.gap)
			} else {
				entries = append(entries, message(truth, min(int64(id), 4), id))
			}
		}
		l := truth.audit("x", entries, false, false)
		err := l.verdict()
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: the verdict is %v, want %q; %s", what, err, c.fault, l)
		}
	}
}
