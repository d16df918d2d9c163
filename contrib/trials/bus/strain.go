package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"busbar/contrib/trials/trial"
)

// The feeders, and what is done to each.
const (
	movedName  = "mails"  // mail2bus: it moves to another port
	renewed    = "rows"   // dbpoll: its key is rotated
	prunedName = "feed.a" // its journal is pruned
	backName   = "feed.b" // its journal is put back
	plainName  = "feed.c"
)

const patience = 10 * time.Minute

// actStrain is the first act.
func actStrain(ctx context.Context, o options, at *trial.Site) (string, error) {
	s, t, err := installAll(ctx, o, at)
	if err != nil {
		return "", err
	}
	books := []*book{
		t.tailBook("bus tail", s.Path("tail.log")),
		t.programBook("the program", s.Path("program.db")),
		t.eventsBook("the listener to the hubs", s.Path("events.lines")),
	}
	feeding, stopFeeding := context.WithCancel(ctx)
	defer stopFeeding()
	fed := make(chan error, len(s.publishers))
	for _, p := range s.publishers {
		go func() { fed <- p.source.feed(feeding) }()
	}
	var h harms
	began := time.Now()
	if err := s.strain(ctx, o, t, books[0], &h); err != nil {
		return "", err
	}
	strained := time.Since(began)
	took, err := s.finish(ctx, o, t, books)
	if err != nil {
		return "", err
	}
	stopFeeding()
	for range s.publishers {
		if err := <-fed; err != nil {
			return "", err
		}
	}
	text := fmt.Sprintf("%d publishers, %d hubs, 3 subscribers; published %d in %.0f s; %s; key of %s rotated, %s moved, journal of %s pruned (%d messages), that of %s put back twice (%d messages lost); from repair to complete %s\n",
		len(s.publishers), len(s.hubs), len(t.facts), strained.Seconds(), &h, renewed, movedName, prunedName, len(t.pruned), backName, t.lost(), took)
	var errs []error
	for _, b := range books {
		l := t.audit(b.name, b.entries, b.repeats, b.hubs)
		text += "  " + l.String() + "\n"
		errs = append(errs, l.verdict())
	}
	errs = append(errs, trial.Verdict([]trial.Count{{N: len(t.faults), What: "faults of journals"}}, t.faults...))
	return strings.TrimSuffix(text, "\n"), errors.Join(errs...)
}

// installAll makes publishers, hubs and subscribers, and starts them.
func installAll(ctx context.Context, o options, at *trial.Site) (*site, *truth, error) {
	s, err := newSite(at, o, true)
	if err != nil {
		return nil, nil, err
	}
	const beat = time.Second
	mails, more, err := s.newMails(o.rate * adapterShare)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.publisher(movedName, "mail2bus", "run", mails, beat, more); err != nil {
		return nil, nil, err
	}
	rows, more, err := s.newRows(ctx, o.rate*adapterShare)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.publisher(renewed, "dbpoll", "run", rows, beat, more); err != nil {
		return nil, nil, err
	}
	// What is there before the first poll is not published.
	poll := exec.CommandContext(ctx, s.Program("dbpoll"), "poll", "--config", s.Config(renewed))
	if text, err := poll.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("dbpoll poll: %w: %s", err, text)
	}
	for _, name := range []string{prunedName, backName, plainName} {
		if err := s.feeder(name, o.rate*feederShare, beat); err != nil {
			return nil, nil, err
		}
	}
	if _, err := s.follower("tail", "bus", "tail", "", "--position", s.Path("tail.position"), "--from", "start", "--json"); err != nil {
		return nil, nil, err
	}
	if _, err := s.follower("program", "part", "listen", "", "--out", s.Path("program.db")); err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"hub.a", "hub.b"} {
		if _, err := s.hub(name); err != nil {
			return nil, nil, err
		}
	}
	if _, err := s.listener(); err != nil {
		return nil, nil, err
	}
	for i, p := range s.publishers {
		if err := p.source.want(o.share(i) * early / 100); err != nil {
			return nil, nil, err
		}
	}
	return s, newTruth(), s.start()
}

// feeder adds one of the small publishers.
func (s *site) feeder(name string, rate float64, beat time.Duration) error {
	src := &notes{file: s.Path(name + ".source")}
	_, err := s.publisher(name, "part", "feed", src, beat, "", "--source", src.file, "--rate", fmt.Sprint(rate))
	return err
}

// The share of all messages that each publisher says, and of what it says before the
// last repair, in percent.
const (
	adapterShare = 0.08
	feederShare  = 0.28
	early        = 95
)

// share is how many messages a publisher is to say.
func (o options) share(i int) int {
	adapter := int(float64(o.messages) * adapterShare)
	if i < 2 {
		return adapter
	}
	return (o.messages - 2*adapter) / 3
}

// strain harms until enough is said and was done, and does meanwhile what is done once.
func (s *site) strain(ctx context.Context, o options, t *truth, tail *book, h *harms) error {
	harming, stop := context.WithCancel(ctx)
	defer stop()
	harmed := make(chan error, 1)
	go func() {
		harmed <- s.harm(harming, o, h, s.paced(o))
		close(harmed)
	}()
	done := make(chan error, 1)
	go func() { done <- s.special(ctx, t, tail) }()
	select {
	case err := <-done:
		if err != nil {
			return err
		}
	case err := <-harmed:
		return err
	}
	err := s.await(ctx, "all harms, and most to be published", patience+time.Duration(float64(o.messages)/o.rate*float64(time.Second)), func() (bool, error) {
		select {
		case err := <-harmed:
			return false, fmt.Errorf("the harming ended: %w", err)
		default:
		}
		said, err := s.allSaid(ctx)
		return said && h.all() >= o.harms, err
	})
	stop()
	return errors.Join(err, <-harmed)
}

// paced says how much harm may be done by now: it is spread over what is said.
func (s *site) paced(o options) func(ctx context.Context) int {
	return func(ctx context.Context) int {
		said, wanted := 0, 0
		for i, p := range s.publishers {
			n, err := p.source.said(ctx, p)
			if err != nil { // it is being put back
				continue
			}
			said, wanted = said+n, wanted+o.share(i)*early/100
		}
		if said >= wanted {
			return o.harms
		}
		return hands + o.harms*said/wanted
	}
}

// allSaid says whether all that is wanted is published.
func (s *site) allSaid(ctx context.Context) (bool, error) {
	for _, p := range s.publishers {
		n, err := p.source.said(ctx, p)
		if err != nil || n < p.source.wanted() {
			return false, err
		}
	}
	return true, nil
}

// finish has the rest said while nobody listens, repairs all, and waits until every
// subscriber has all.
func (s *site) finish(ctx context.Context, o options, t *truth, books []*book) (string, error) {
	for _, f := range append(s.followers, s.events) {
		if err := f.kill(); err != nil {
			return "", err
		}
	}
	for i, p := range s.publishers {
		if err := p.source.want(max(o.share(i), p.source.wanted()+1)); err != nil {
			return "", err
		}
	}
	if err := s.await(ctx, "the rest to be published", patience, func() (bool, error) { return s.allSaid(ctx) }); err != nil {
		return "", err
	}
	for _, p := range s.publishers {
		if err := s.take(ctx, t, p, true); err != nil {
			return "", err
		}
	}
	if err := s.start(); err != nil {
		return "", err
	}
	began := time.Now()
	var took []string
	whole := map[*book]bool{}
	err := s.await(ctx, "the subscribers to have all", patience, func() (bool, error) {
		for _, b := range books {
			if err := b.read(ctx); err != nil {
				return false, err
			}
			if !whole[b] && t.whole(b) {
				whole[b] = true
				took = append(took, fmt.Sprintf("%.1f s (%s)", time.Since(began).Seconds(), b.name))
			}
		}
		return len(whole) == len(books), nil
	})
	if err != nil && ctx.Err() == nil { // the ledger says what is missing
		took = append(took, "never ("+err.Error()+")")
	}
	// What comes too often comes now: with the next heartbeats at the latest.
	if err := trial.Pause(ctx, 3*time.Second); err != nil {
		return "", err
	}
	for _, b := range books {
		if err := b.read(ctx); err != nil {
			return "", err
		}
	}
	return strings.Join(took, ", "), nil
}

// whole says whether a subscriber has all that there is.
func (t *truth) whole(b *book) bool {
	for f := range t.kept {
		if b.had[f] {
			continue
		}
		named := false
		for at := range t.facts[f] {
			named = named || b.named[at]
		}
		if !named {
			return false
		}
	}
	return true
}
