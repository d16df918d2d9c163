package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/mail"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
)

// books know how the tracker was when soapbus began.
type books struct {
	tracker *bugtracker.Tracker
	bugs    map[int]bugtracker.Status
	letters map[string]bool // messages that were there: bug and id
	tags    map[string]map[int]bool
}

func openBooks(t *bugtracker.Tracker) *books {
	b := &books{tracker: t, bugs: map[int]bugtracker.Status{}, letters: map[string]bool{}, tags: usertags(t)}
	for _, bug := range t.Bugs() {
		b.bugs[bug], _ = t.Status(bug)
		for _, m := range t.Log(bug) {
			_, id := letterOf(m.Raw)
			b.letters[fmt.Sprint(bug, " ", id)] = true
		}
	}
	return b
}

func usertags(t *bugtracker.Tracker) map[string]map[int]bool {
	all := map[string]map[int]bool{}
	for tag, bugs := range t.Usertags("qa@example.org") {
		all[tag] = map[int]bool{}
		for _, b := range bugs {
			all[tag][b] = true
		}
	}
	return all
}

// letterOf is where a mail was sent to, and its id.
func letterOf(raw []byte) (to, id string) {
	m := mail.Parse(raw, mail.Limits{})
	_, to, _ = strings.Cut(m.Header.Get("Received"), "(at ")
	to, _, _ = strings.Cut(to, ")")
	return to, strings.Trim(m.Header.Get("Message-Id"), "<> ")
}

// A ledger compares the tracker with the journal.
type ledger struct {
	events, messages  int
	lost, doubled     int // messages without their event, or with several
	idle              int // changes that change nothing: told twice
	wrong, bugs       int // bugs whose last news are not their state
	gone, goneTold    int
	tags, tagsWrong   int
	faults            int // of the journal's chain
	poison, recovered int
	where             []string
}

func (l ledger) String() string {
	return fmt.Sprintf("%d events; of %d messages lost %d, doubled %d; changes told twice %d; of %d bugs the last news is wrong for %d; of %d bugs that went %d are told; of %d usertags wrong %d; poison %d; chain faults %d",
		l.events, l.messages, l.lost, l.doubled, l.idle, l.bugs, l.wrong, l.gone, l.goneTold, l.tags, l.tagsWrong, l.poison, l.faults)
}

func (l ledger) verdict() error {
	return trial.Verdict([]trial.Count{{N: l.lost, What: "lost"}, {N: l.doubled, What: "doubled"}, {N: l.idle, What: "changes told twice"},
		{N: l.wrong, What: "wrong"}, {N: l.tagsWrong, What: "usertags wrong"}, {N: l.gone - l.goneTold, What: "gone, and not told"},
		{N: l.poison, What: "poison"}, {N: l.faults, What: "faults in the journal"}}, l.where...)
}

func (l *ledger) fault(format string, args ...any) {
	l.where = append(l.where, fmt.Sprintf(format, args...))
}

// audit makes the ledger.
func (b *books) audit(ctx context.Context, path string) (l ledger, err error) {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return l, err
	}
	defer r.Close()
	t, err := b.read(ctx, path, &l)
	if err != nil {
		return l, err
	}
	there := map[int]bool{}
	for _, bug := range b.tracker.Bugs() {
		there[bug] = true
		l.bugs++
		want, _ := b.tracker.Status(bug)
		if diff := t.bug(bug).differs(want); diff != "" {
			l.wrong++
			l.fault("bug %d: %s", bug, diff)
		}
		b.messages(bug, t, &l)
	}
	b.vanished(there, t, &l)
	b.compareTags(t, &l)
	_, faults, err := trial.Verify(ctx, path, nil)
	l.faults = len(faults)
	c, cerr := r.Counts(ctx)
	l.poison = int(c.Poisoned)
	return l, errors.Join(err, cerr)
}

// vanished looks for the events of bugs that went: those that were there at the
// beginning, whether anything was ever told of them or not, and those that were
// told since.
func (b *books) vanished(there map[int]bool, t *told, l *ledger) {
	known := map[int]bool{}
	for bug := range b.bugs {
		known[bug] = true
	}
	for bug := range t.bugs {
		known[bug] = known[bug] || t.ids[event.UUID("debbugs", debbugs.CreateKey(bug)).String()]
	}
	for bug, was := range known {
		switch {
		case !was || there[bug]:
			continue
		case t.bugs[bug] != nil && t.bugs[bug].gone:
			l.goneTold++
		default:
			l.fault("bug %d went, and that is not told", bug)
		}
		l.gone++
	}
}

// compareTags compares the usertags with what was told of them.
func (b *books) compareTags(t *told, l *ledger) {
	now := usertags(b.tracker)
	for tag, bugs := range now {
		l.tags += len(bugs)
		for bug := range bugs {
			if !t.tags[tag][bug] {
				l.tagsWrong++
			}
		}
	}
	for tag, bugs := range t.tags {
		for bug := range bugs {
			if !now[tag][bug] {
				l.tagsWrong++
			}
		}
	}
}

// messages looks for the event of each message of a bug.
func (b *books) messages(bug int, t *told, l *ledger) {
	for i, m := range b.tracker.Log(bug) {
		to, id := letterOf(m.Raw)
		if b.letters[fmt.Sprint(bug, " ", id)] || to == "control" || to == "fakecontrol" {
			continue
		}
		l.messages++
		n := 0
		var keys []string
		for _, key := range []string{debbugs.CommentKey(bug, id), debbugs.CloseKey(bug, id), debbugs.ForwardKey(bug, id)} {
			if t.ids[event.UUID("debbugs", key).String()] {
				n++
				keys = append(keys, key)
			}
		}
		if i == 0 && t.ids[event.UUID("debbugs", debbugs.CreateKey(bug)).String()] {
			n++
		}
		switch {
		case n == 0:
			l.lost++
			l.fault("bug %d: the message %s to %s is not told", bug, id, to)
		case n > 1:
			l.doubled++
			l.fault("bug %d: the message %s to %s is told %d times: %v", bug, id, to, n, keys)
		}
	}
}
