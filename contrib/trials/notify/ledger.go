package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"busbar/contrib/trials/trial"
)

// A told event is one that a person was told.
type told struct{ to, event string }

// A ledger is what the mail server accepted.
type ledger struct {
	file  *os.File
	rest  string
	mails int
	by    map[told][]string // Message-IDs, of those that are about one event
	ids   map[string]int    // how often each came
	wrong []string

	summaries bool // may be among them
}

func newLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	return &ledger{file: f, by: map[told][]string{}, ids: map[string]int{}}, err
}

// read reads on.
func (l *ledger) read() error {
	text, err := io.ReadAll(bufio.NewReader(l.file))
	if err != nil {
		return err
	}
	l.rest += string(text)
	for {
		line, rest, ok := strings.Cut(l.rest, "\n")
		if !ok {
			return nil
		}
		l.rest = rest
		l.take(line)
	}
}

func (l *ledger) take(line string) {
	l.mails++
	part := strings.Split(line, " ")
	if len(part) > 3 && part[1] != "" && part[3] == "summary" && l.summaries {
		l.ids[part[1]]++
		return
	}
	if len(part) < 4 || part[1] == "" || part[2] == "" || part[3] != "single" {
		l.wrong = append(l.wrong, fmt.Sprintf("a mail that is no notification: %q", line))
		return
	}
	key := told{part[0], part[2]}
	l.by[key] = append(l.by[key], part[1])
	l.ids[part[1]]++
}

// A verdict is what came of it.
type verdict struct {
	lost    int
	doubled int // without a reason
	again   int // whose acceptance nobody could know
}

// judge holds the ledger against the people and events that there were, and those that
// came again against what the outbox says: unsure has for notes how often nobody knew
// whether they had arrived.
func (l *ledger) judge(people, events []string, unsure map[string]int) (v verdict) {
	for _, to := range people {
		for _, e := range events {
			ids := l.by[told{to, e}]
			if len(ids) == 0 {
				v.lost++
				continue
			}
			for n, id := range ids[1:] {
				note, _, _ := strings.Cut(id, "@")
				if id == ids[0] && n < unsure[note] {
					v.again++
				} else {
					v.doubled++
				}
			}
		}
	}
	return v
}

func (v verdict) err(l *ledger) error {
	return trial.Verdict([]trial.Count{{N: v.lost, What: "lost"}, {N: v.doubled, What: "doubled"}, {N: len(l.wrong), What: "of another kind"}}, l.wrong...)
}

// unsureNotes are how many notes the outbox has made, and of which nobody knew, and how
// often, whether they had arrived.
func unsureNotes(ctx context.Context, path string) (made int, unsure map[string]int, err error) {
	notes, err := outbox(ctx, path)
	unsure = map[string]int{}
	for _, n := range notes {
		if n.unsure > 0 {
			unsure[n.id] = n.unsure
		}
	}
	return len(notes), unsure, err
}
