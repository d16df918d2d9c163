package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"busbar/contrib/trials/trial"
)

// A bound is how many notes a person gets within a time.
type bound struct {
	notes  int
	within time.Duration
}

// defaultLimit is that of who has set none.
var defaultLimit = bound{30, time.Hour}

// storm has everybody want every event of a storm, and holds what they get against their
// limit: that which is written, or the one of who has set none. What was said, what a
// summary counts and what still waits in people's boxes must be all that there was.
func storm(ctx context.Context, o options, s *trial.Site, limit bound) (string, error) {
	p, end, err := stage(ctx, o, s)
	defer end()
	if err != nil {
		return "", err
	}
	address, err := p.mailServer()
	if err == nil {
		p.ledger.summaries = true
		err = p.configure(everything(o.crowd, limit), mailTable(address))
	}
	if err == nil {
		err = p.server.Start()
	}
	if err == nil {
		err = p.notify.Start()
	}
	if err != nil {
		return "", err
	}
	began := time.Now()
	if _, err := p.storm(ctx, 0, o.storm, float64(o.storm)/o.minute); err != nil {
		return "", err
	}
	spoken := time.Since(began)
	patience := 10 * trial.Patience
	err = trial.Await(ctx, "all events to be handled", patience, func() (bool, error) {
		return p.handled(ctx) >= o.storm, trial.Pause(ctx, look)
	})
	handled := time.Since(began)
	if err != nil {
		return "", err
	}
	if limit != defaultLimit || o.summary { // whose summary comes in minutes, and the next in an hour
		err = trial.Await(ctx, "summaries", patience, func() (bool, error) {
			summaries := 0
			err := read(ctx, p.outbox(), "SELECT count(DISTINCT person) FROM notify_notes WHERE kind = 'summary'", func(rows *sql.Rows) error { return rows.Scan(&summaries) })
			if err != nil || summaries < o.crowd {
				return false, errors.Join(err, trial.Pause(ctx, look))
			}
			kept, err := held(ctx, p.outbox())
			return len(kept) == 0 || limit == defaultLimit, errors.Join(err, trial.Pause(ctx, look))
		})
	}
	if err == nil {
		err = p.allSent(ctx, o.crowd, patience)
	}
	if err != nil {
		return "", err
	}
	sent := time.Since(began)
	used, peak := trial.CPU(p.notify.PID()), trial.Peak(p.notify.PID())
	if err := p.notify.Stop(); err != nil {
		return "", err
	}
	a, err := p.accounts(ctx, limit)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d events in %.0f s, each wanted by %d people with a limit of %d in %s: all handled after %.1f s, and sent after %.1f s; %d mails, %d at most for one person and %d within the limit's time; %d events said by themselves, %d in summaries, %d still held back; lost %d, said twice %d, over the limit %d, mails doubled %d; processor time %.1f s, memory %s",
		o.storm, spoken.Seconds(), o.crowd, limit.notes, limit.within, handled.Seconds(), sent.Seconds(), p.ledger.mails, a.most, a.within, a.single, a.summed, a.kept, a.lost, a.twice, a.over, a.doubled, used.Seconds(), peak)
	return text, trial.Verdict([]trial.Count{{N: a.lost, What: "lost"}, {N: a.twice, What: "said twice"}, {N: a.over, What: "over the limit"}, {N: a.doubled, What: "doubled"}}, p.ledger.wrong...)
}

// everything are people's rules by which each wants each event. The default limit is left
// out.
func everything(people int, limit bound) string {
	var rules strings.Builder
	for i := range people {
		fmt.Fprintf(&rules, "[people.p%d]\nto = [\"mail:p%d@example.org\"]\n", i, i)
		if limit != defaultLimit {
			fmt.Fprintf(&rules, "limit = %d\nwithin = %q\n", limit.notes, limit.within)
		}
		fmt.Fprintf(&rules, "[[people.p%d.rules]]\nname = \"builds\"\nfilter = \"topic:trial.build\"\n", i)
	}
	return rules.String()
}

// handled is how many events the program has handled.
func (p *play) handled(ctx context.Context) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.listen+"/status.json", nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0 // it has not begun to listen
	}
	defer resp.Body.Close()
	var status struct{ Events int }
	_ = json.NewDecoder(resp.Body).Decode(&status) // what is no status has no events
	return status.Events
}

// An account is what became of the events of a storm, each for each person.
type account struct {
	single, summed, kept int
	lost, twice          int
	most, within         int // notes for one person, altogether and within the limit's time
	over                 int // people who got more than their limit
	doubled              int // mails
}

func (p *play) accounts(ctx context.Context, limit bound) (a account, err error) {
	if err := p.ledger.read(); err != nil {
		return a, err
	}
	a.doubled = p.ledger.mails - len(p.ledger.wrong)
	for _, ids := range p.ledger.ids {
		if ids > 0 {
			a.doubled--
		}
	}
	notes, err := outbox(ctx, p.outbox())
	if err != nil {
		return a, err
	}
	kept, err := held(ctx, p.outbox())
	if err != nil {
		return a, err
	}
	total := map[string]int{}
	made := map[string][]time.Time{}
	for _, n := range notes {
		events := 1
		if n.kind == "summary" {
			if _, err := fmt.Sscanf(n.subject, "Held back: %d event", &events); err != nil {
				return a, fmt.Errorf("reading the summary %q: %w", n.subject, err)
			}
			a.summed += events
		} else {
			a.single++
		}
		total[n.person] += events
		made[n.person] = append(made[n.person], n.made)
	}
	for i := range p.o.crowd {
		person := fmt.Sprint("p", i)
		a.kept += kept[person]
		switch got := total[person] + kept[person]; {
		case got < p.o.storm:
			a.lost += p.o.storm - got
		case got > p.o.storm:
			a.twice += got - p.o.storm
		}
		times := made[person]
		a.most = max(a.most, len(times))
		if n := within(times, limit.within); n > 0 {
			a.within = max(a.within, n)
			if n > limit.notes {
				a.over++
			}
		}
	}
	return a, nil
}

// stored is how much later than it is planned a note may be stored.
const stored = 10 * time.Second

// within is the most notes within such a time, of those made at some times, in order.
func within(times []time.Time, d time.Duration) (most int) {
	first := 0
	for last := range times {
		for times[last].Sub(times[first]) >= d-stored {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}
