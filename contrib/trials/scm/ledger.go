package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"busbar/common/journal"
	"busbar/contrib/trials/trial"
)

// A ledger holds what was told of each ref against what was pushed.
type ledger struct {
	messages  int64
	told      int // ref updates
	recovered int // of these, found by comparing
	skipped   int // pushed, and told as a part of a net effect
	lost      int // refs whose last told state is not their state
	broken    int // updates that do not begin where the one before ended
	untold    int // commits of a told state that were never told
	doubled   int // told states that the ref did not go through (again), and commits told twice
	faults    []string
}

func (l ledger) String() string {
	return fmt.Sprintf("messages %d, ref updates told %d (of these found by comparing %d; %d intermediate states fell into a net effect), chain checked, faults %d; lost %d, broken %d, commits untold %d, doubled %d",
		l.messages, l.told, l.recovered, l.skipped, len(l.faults), l.lost, l.broken, l.untold, l.doubled)
}

func (l ledger) verdict() error {
	return trial.Verdict([]trial.Count{{N: l.lost, What: "lost"}, {N: l.broken, What: "broken"}, {N: l.untold, What: "commits untold"},
		{N: l.doubled, What: "doubled"}, {N: len(l.faults), What: "faults in the journal"}}, l.faults...)
}

// An update is what one message says of a ref.
type update struct{ old, new string }

// audit reads the whole journal.
func (s *site) audit(ctx context.Context, pushers []*pusher) (ledger, error) {
	var l ledger
	told := map[string][]update{} // by repository and ref
	commits := map[string]int{}
	var err error
	l.messages, l.faults, err = trial.Verify(ctx, s.journal(), func(m journal.Message, tree map[string]any) error {
		body, ok := tree["msg"].(map[string]any)
		if !ok {
			return errors.New("it has no body")
		}
		text := func(key string) string { v, _ := body[key].(string); return v }
		if strings.HasSuffix(m.Topic, ".commit.create") {
			commits[text("repository")+" "+text("id")]++
			return nil
		}
		if text("ref") == "" {
			return errors.New("it names no ref")
		}
		l.told++
		if recovered, _ := tree["recovered"].(bool); recovered {
			l.recovered++
		}
		key := text("repository") + " " + text("ref")
		told[key] = append(told[key], update{text("before"), text("after")})
		return nil
	})
	if err != nil {
		return l, err
	}
	for _, n := range commits {
		l.doubled += n - 1
	}
	for _, p := range pushers {
		if err := p.check(ctx); err != nil {
			return l, err
		}
		l.holdCommits(p.commits, told, commits, p.name)
		for ref, history := range p.history {
			l.hold(told[p.name+" "+ref], history)
			delete(told, p.name+" "+ref)
		}
	}
	l.doubled += len(told) // refs that were never pushed
	return l, nil
}

// holdCommits asks for every commit that a told state of a repository holds; line
// is all of them, each the parent of the next.
func (l *ledger) holdCommits(line []string, told map[string][]update, commits map[string]int, name string) {
	place := map[string]int{}
	for i, id := range line {
		place[id] = i + 1
	}
	reached := 0
	for key, chain := range told {
		if !strings.HasPrefix(key, name+" ") {
			continue
		}
		for _, u := range chain {
			reached = max(reached, place[u.new])
		}
	}
	for _, id := range line[:reached] {
		if commits[name+" "+id] == 0 {
			l.untold++
		}
	}
}

// hold compares one ref's chain with the states that the ref went through.
func (l *ledger) hold(chain []update, history []string) {
	last, at := "", 0
	for _, u := range chain {
		if u.old != last {
			l.broken++
		}
		last = u.new
		from := at
		for at < len(history) && history[at] != u.new {
			at++
		}
		if at == len(history) {
			l.doubled++
			at = from
			continue
		}
		l.skipped += at - from
		at++
	}
	l.skipped += len(history) - at
	if last != history[len(history)-1] {
		l.lost++
	}
}
