package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"busbar/fixtures/bugtracker"
)

// world is the people who report, write about and change bugs.
type world struct {
	t   *bugtracker.Tracker
	rng *rand.Rand
	n   int // makes texts unlike each other
	did map[string]int
}

func newWorld(t *bugtracker.Tracker, seed uint64) *world {
	return &world{t: t, rng: rand.New(rand.NewPCG(seed, 31)), did: map[string]int{}}
}

var (
	packages   = []string{"samovar", "teapot", "kettle", "src:tea", "libspoon1"}
	severities = []string{"critical", "grave", "serious", "important", "normal", "minor", "wishlist"}
	tags       = []string{"patch", "moreinfo", "upstream", "pending", "confirmed", "l10n", "wontfix"}
	people     = []string{"Nora Ortega <nora@example.org>", "Jürgen Müller <jm@example.org>", "鈴木 一郎 <suzuki@example.org>", "x@example.org", "42 <n@example.org>"}
	titles     = []string{"leaks", "true", "12345", "1.0", "0123", "„Umlaute“ gehen verloren", "a <b> & \"c\"", "crashes — often", "NaN"}
)

func pick[T any](w *world, list []T) T { return list[w.rng.IntN(len(list))] }

func (w *world) letter() bugtracker.Letter {
	w.n++
	return bugtracker.Letter{
		From: pick(w, people), Subject: pick(w, titles), Body: fmt.Sprintf("Text %d, naïvely.\n", w.n),
		MessageID: fmt.Sprintf("torture.%d@example.org", w.n),
	}
}

// report makes a bug.
func (w *world) report() int {
	l := w.letter()
	pkg := pick(w, packages)
	l.Subject = fmt.Sprintf("%s: %s %d", pkg, l.Subject, w.n)
	if w.rng.IntN(9) == 0 {
		l.Subject = pick(w, titles)
	}
	w.did["reports"]++
	return w.t.Report(bugtracker.Report{Package: pkg, Version: fmt.Sprintf("1.%d-1", w.rng.IntN(9)), Severity: pick(w, severities), Letter: l})
}

// change does something to a bug.
func (w *world) change(bug int) {
	mail := func(to string) { w.t.Mail(bug, to, w.letter()); w.did["mails"]++ }
	control := func(format string, args ...any) {
		w.did["commands"]++
		w.t.Control(w.letter(), fmt.Sprintf(format, args...))
	}
	other := func() int { all := w.t.Bugs(); return pick(w, all) }
	switch w.rng.IntN(30) {
	case 0, 1, 2, 3, 4:
		mail("")
	case 5:
		mail("quiet")
	case 6:
		mail("submitter")
	case 7, 8:
		mail("done")
	case 9:
		mail("forwarded")
	case 10, 11, 12:
		control("severity %d %s", bug, pick(w, severities))
	case 13, 14:
		control("tags %d + %s", bug, pick(w, tags))
	case 15:
		control("tags %d - %s", bug, pick(w, tags))
	case 16:
		control("retitle %d %s %d", bug, pick(w, titles), w.n)
	case 17:
		control("reassign %d %s", bug, pick(w, packages))
	case 18:
		control("found %d 2.%d-1", bug, w.rng.IntN(5))
	case 19:
		control("fixed %d 3.%d-1", bug, w.rng.IntN(5))
	case 20:
		control("owner %d %s", bug, pick(w, people))
	case 21:
		control("noowner %d", bug)
	case 22:
		control("forwarded %d https://bugs.example.org/%d", bug, w.n)
	case 23:
		control("notforwarded %d", bug)
	case 24:
		if b := other(); b != bug {
			control("block %d by %d", bug, b)
		}
	case 25:
		control("affects %d + %s", bug, pick(w, packages))
	case 26:
		control("reopen %d", bug)
	case 27:
		w.t.Expire(bug)
		w.did["expiries"]++
	case 28:
		control("unarchive %d", bug)
	case 29:
		w.t.Usertag("qa@example.org", pick(w, tags), []int{bug}, nil)
		if w.rng.IntN(2) == 0 {
			w.t.Usertag("qa@example.org", pick(w, tags), nil, []int{bug})
		}
		w.did["usertags"]++
	}
}

// live changes many bugs, spread over a time; some are new, and few go.
func (w *world) live(ctx context.Context, changes int, over time.Duration) {
	pause := over / time.Duration(max(changes, 1))
	for n := range changes {
		bugs := w.t.Bugs()
		switch {
		case n%20 == 0:
			w.report()
		case n%400 == 399:
			w.t.Delete(pick(w, bugs))
			w.did["deletions"]++
		default:
			w.change(pick(w, bugs))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (w *world) String() string {
	return fmt.Sprintf("%d reports, %d mails, %d commands, %d changes of usertags, %d expiries, %d deletions",
		w.did["reports"], w.did["mails"], w.did["commands"], w.did["usertags"], w.did["expiries"], w.did["deletions"])
}
