package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"busbar/common/sqlfile"
	"busbar/contrib/trials/trial"
)

// A told event is one that a person was told.
type told struct{ to, event string }

// A ledger is what the mail server accepted.
type ledger struct {
	file  *os.File
	rest  string
	mails int
	by    map[told][]string // Message-IDs
	wrong []string
}

func newLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	return &ledger{file: f, by: map[told][]string{}}, err
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
	if len(part) != 4 || part[1] == "" || part[2] == "" || part[3] != "single" {
		l.wrong = append(l.wrong, fmt.Sprintf("a mail that is no notification: %q", line))
		return
	}
	key := told{part[0], part[2]}
	l.by[key] = append(l.by[key], part[1])
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

// outbox is what the program's file says of notes.
func outbox(ctx context.Context, path string) (made int, unsure map[string]int, err error) {
	db, err := sqlfile.Open(path, 1, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(20000)"}})
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	unsure = map[string]int{}
	rows, err := db.QueryContext(ctx, "SELECT id, unsure FROM notify_notes")
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return 0, nil, err
		}
		made++
		if n > 0 {
			unsure[id] = n
		}
	}
	return made, unsure, rows.Err()
}
