package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"busbar/adapters/wannabuild"
	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/contrib/trials/trial"
)

// A ledger compares the database with the journal.
type ledger struct {
	logged, states int // rows of the log that are no deletions; events of states
	deleted, gone  int // rows of the log that are deletions; events of rows that left
	skipped        int // rows of the log without their event
	doubled        int // events of states that no row of the log is
	wrong          int // packages whose last event is not their state
	where          []string
	missing        []string // some of the skipped rows
	present        int
	others         int // events of actions and single columns
	retries        int // give-backs without their event
	noRetries      int // events of give-backs that were none
	retried        []string
	replaced       int // events that the database was replaced
	faults         int // of the journal's chain
}

func (l ledger) String() string {
	s := fmt.Sprintf("log rows %d, state events %d; deletions %d, told %d; skipped %d, doubled %d; give-backs skipped %d, events of give-backs that were none %d; of %d packages the last news is wrong for %d; other events %d; chain faults %d",
		l.logged, l.states, l.deleted, l.gone, l.skipped, l.doubled, l.retries, l.noRetries, l.present, l.wrong, l.others, l.faults)
	if l.replaced > 0 {
		s += fmt.Sprintf("; the replaced database was told %d time", l.replaced)
	}
	return s
}

// A promise is what an act must keep.
type promise struct {
	complete bool // every row of the log is told
	exact    bool // and every deletion
	restored bool // the replaced database is told, and nobody else's is
}

// verdict says what broke a promise.
func (l ledger) verdict(p promise) error {
	var errs []error
	if told := l.replaced == 1; told != p.restored || l.replaced > 1 {
		errs = append(errs, fmt.Errorf("a replaced database was told %d times", l.replaced))
	}
	if p.complete && !p.restored && l.retries > 0 {
		errs = append(errs, fmt.Errorf("%d give-backs were skipped (%v)", l.retries, l.retried))
	}
	// What comparing takes for a give-back is one in the real queue only: these
	// writers go from anywhere to anywhere. It compares after a restore, and
	// where the times alone give the order.
	if p.exact && !p.restored && l.noRetries > 0 {
		errs = append(errs, fmt.Errorf("%d give-backs were told that were none (%v)", l.noRetries, l.retried))
	}
	if p.complete && l.skipped > 0 || p.exact && !p.restored && l.gone != l.deleted {
		errs = append(errs, fmt.Errorf("skipped %d, and of %d deletions %d are told (skipped are %v)", l.skipped, l.deleted, l.gone, l.missing))
	}
	if l.doubled > 0 || l.wrong > 0 || l.faults > 0 {
		errs = append(errs, fmt.Errorf("doubled %d, wrong at the end %d, chain faults %d (wrong are %v)", l.doubled, l.wrong, l.faults, l.where[:min(len(l.where), 5)]))
	}
	return trial.Broken(errors.Join(errs...))
}

// told is what the journal holds.
type told struct {
	all    map[string]bool // ids of state events
	last   map[string]string
	gone   int
	others int

	retries map[string]string // what ids of give-backs are about

	replaced int
}

func (s *site) told(ctx context.Context) (told, error) {
	t := told{all: map[string]bool{}, last: map[string]string{}, retries: map[string]string{}}
	err := trial.Messages(ctx, s.Path("journal.db"), t.note)
	return t, err
}

func (t *told) note(id string, e event.Envelope) {
	_, kind, _ := strings.Cut(e.Topic, ".wannabuild.")
	body, _ := e.Msg.(map[string]any)
	text := func(name string) string { s, _ := body[name].(string); return s }
	where := text("architecture") + "/" + text("suite") + "/" + text("package")
	switch kind {
	case "build.forget":
		t.gone++
		delete(t.last, where)
	case "package.update", "build.retry", "build.include", "binnmu.request", "binnmu.cancel", "log.record":
		t.others++
		if kind == "package.update" && text("field") == "state" {
			t.last[where] = text("state") // a restored row
		}
		if kind == "build.retry" {
			t.retries[id] = strings.Join([]string{where, text("changed"), text("previous"), text("action")}, " ")
		}
	case "database.replace":
		t.replaced++
	default:
		t.all[id] = true
		t.last[where] = text("state")
	}
}

// audit makes the ledger.
func (s *site) audit(ctx context.Context) (ledger, error) {
	var l ledger
	t, err := s.told(ctx)
	if err != nil {
		return l, err
	}
	l.states, l.gone, l.others, l.replaced = len(t.all), t.gone, t.others, t.replaced
	c, err := pgconn.Connect(ctx, s.pg.URL("postgres", database))
	if err != nil {
		return l, err
	}
	defer c.Close(ctx)
	expected := map[string]bool{}
	nth := map[string]int{}
	err = each(ctx, c, "SELECT architecture, distribution, package, state, time, action FROM transactions ORDER BY ctid", func(row dbrow.Columns) {
		state, at := *row["state"], *row["time"]
		key := wannabuild.StateKey(row, at, state, 0, time.UTC)
		n := nth[key]
		nth[key]++
		if state == "deleted" {
			l.deleted++
			return
		}
		l.logged++
		key = wannabuild.StateKey(row, at, state, n, time.UTC)
		id := event.UUID("wannabuild", key).String()
		if *row["action"] == "--give-back" {
			retry := event.UUID("wannabuild", key+"/retry").String()
			if t.retries[retry] == "" {
				l.retries++
				l.retried = append(l.retried, strings.Join([]string{"skipped", *row["architecture"], *row["distribution"], *row["package"], at}, " "))
			}
			delete(t.retries, retry)
		}
		expected[id] = true
		if !t.all[id] {
			l.skipped++
			if len(l.missing) < 5 {
				l.missing = append(l.missing, strings.Join([]string{*row["architecture"], *row["distribution"], *row["package"], state, at}, " "))
			}
		}
	})
	if err != nil {
		return l, err
	}
	for id, where := range t.retries {
		if !s.lost[id] {
			l.noRetries++
			l.retried = append(l.retried, "none "+where)
		}
	}
	for id := range t.all {
		if !expected[id] && !s.lost[id] {
			l.doubled++
		}
	}
	err = each(ctx, c, "SELECT architecture, distribution, package, state FROM packages", func(row dbrow.Columns) {
		l.present++
		where := *row["architecture"] + "/" + *row["distribution"] + "/" + *row["package"]
		if t.last[where] != *row["state"] {
			l.wrong++
			l.where = append(l.where, where)
		}
		delete(t.last, where)
	})
	l.wrong += len(t.last) // told, and not there
	l.where = slices.AppendSeq(l.where, maps.Keys(t.last))
	if err != nil {
		return l, err
	}
	_, faults, err := trial.Verify(ctx, s.Path("journal.db"), nil)
	l.faults = len(faults)
	return l, err
}

func each(ctx context.Context, c *pgconn.PgConn, query string, visit func(dbrow.Columns)) error {
	rr := c.ExecParams(ctx, query, nil, nil, nil, nil)
	names := rr.FieldDescriptions()
	for rr.NextRow() {
		row := dbrow.Columns{}
		for i, v := range rr.Values() {
			if v != nil {
				text := string(v)
				row[names[i].Name] = &text
			}
		}
		visit(row)
	}
	_, err := rr.Close()
	return err
}
