package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/mail2bus/subscriptions"
)

// A wishing is what subscribe and unsubscribe have in common.
type wishing struct {
	Manager string `help:"The program that keeps the list: smartlist (as on lists.debian.org), mailman (2 or 3), ezmlm or sympa. Default: as the last time, or as the list's address tells." enum:",smartlist,mailman,ezmlm,sympa" default:"" placeholder:"NAME"`
	Ask     bool   `help:"Show the list's confirmation (mail2bus subscriptions) instead of answering it."`
	List    string `arg:"" name:"list-address" help:"Address of the list: debian-devel@lists.debian.org."`
}

type (
	subscribeCmd   struct{ wishing }
	unsubscribeCmd struct{ wishing }
)

// Run asks a list to send its mails.
func (c subscribeCmd) Run(p *program.Env, g *program.Globals) error { return c.run(p, g, false) }

// Run asks a list to send no more mails.
func (c unsubscribeCmd) Run(p *program.Env, g *program.Globals) error { return c.run(p, g, true) }

// requestPatience is how long the mail system may take.
const requestPatience = time.Minute

func (w wishing) run(p *program.Env, g *program.Globals, leave bool) error {
	cfg, err := subscribing(p, g)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	s, err := cfg.book().Ask(ctx, subscriptions.Wish{List: w.List, Address: cfg.Subscribe.Address, Leave: leave}, w.Manager, w.Ask, cfg.Subscribe.request)
	if err != nil {
		return fmt.Errorf("asking the list: %w", err)
	}
	what := "sends a confirmation, which the daemon answers within a day"
	if w.Ask {
		what = "sends a confirmation, which mail2bus subscriptions shows"
	}
	if _, err := show.Fprintf(p.Stdout, "%s was asked for %s; it %s\n", s.List, s.Address, what); err != nil {
		return err
	}
	if !journal.InUse(cfg.Bus.Journal) {
		_, err = show.Fprintln(p.Stderr, "mail2bus: the daemon does not run now: it must, and read the mails of that address, within a day")
	}
	return err
}

// subscribing is the configuration, where it says who is subscribed.
func subscribing(p *program.Env, g *program.Globals) (*Config, error) {
	cfg, err := program.Load[*Config](p, g)
	if err == nil && cfg.Subscribe.Address == "" {
		err = &exit.Error{Code: exit.Config, Err: errors.New("[subscribe] address is not set: which address is to be subscribed? Its mail must come in by one of the ways of [mail]; restart the daemon when it is set")}
	}
	return cfg, err
}

type subscriptionsCmd struct {
	JSON    bool   `help:"Print JSON."`
	Confirm string `help:"Have the confirmation of a list answered that waits for a person." placeholder:"LIST-ADDRESS"`
}

// Run says where each subscription stands.
func (c subscriptionsCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := subscribing(p, g)
	if err != nil {
		return err
	}
	if c.Confirm != "" {
		if err := cfg.book().Release(c.Confirm); err != nil {
			return fmt.Errorf("confirming: %w", err)
		}
		_, err := show.Fprintf(p.Stdout, "the daemon answers %s\n", c.Confirm)
		return err
	}
	all, err := cfg.book().Read()
	if err != nil {
		return err
	}
	now := time.Now()
	if c.JSON {
		for _, s := range all.Subscriptions {
			if err := program.PrintJSON(p.Stdout, stated{s, s.State(now)}); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all.Subscriptions) == 0 {
		_, err = show.Fprintln(p.Stdout, "nothing was asked of any list")
	}
	for _, s := range all.Subscriptions {
		if err == nil {
			err = printSubscription(p.Stdout, s, now)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(all.Refused)) {
		if err == nil {
			_, err = show.Fprintf(p.Stdout, "not answered, %d times: a confirmation, for %s\n", all.Refused[reason], reason)
		}
	}
	return err
}

// A stated subscription says where it stands.
type stated struct {
	subscriptions.Subscription
	State subscriptions.State `json:"state"`
}

// printSubscription is a line for people, and more where they must do something.
func printSubscription(w io.Writer, s subscriptions.Subscription, now time.Time) error {
	state, text, more := s.State(now), "", []string(nil)
	switch a := s.Answer; state {
	case subscriptions.Confirmed:
		text = "since " + event.Stamp(s.Confirmed)
		if s.FirstMail.IsZero() {
			text += "; no mail of it came yet"
		} else {
			text += "; its first mail came at " + event.Stamp(s.FirstMail)
		}
	case subscriptions.Ended:
		text = "since " + event.Stamp(s.Ended)
	default:
		wish := "to join"
		if s.Leave {
			wish = "to leave"
		}
		text = "asked " + wish + " at " + event.Stamp(s.Asked)
		switch state {
		case subscriptions.Refused:
			more = append(more, a.Refused)
		case subscriptions.Expired:
			text += "; that was not confirmed within a day: ask again"
		case subscriptions.Shown:
			more = append(more, fmt.Sprintf("it asks to confirm; the answer is a mail to %s with the subject %q", a.To, a.Subject))
			if a.Unclear != "" {
				more = append(more, fmt.Sprintf("read it first (Message-ID %s), for %s", a.Answers, a.Unclear))
			}
			more = append(more, "mail2bus subscriptions --confirm "+s.List)
		}
	}
	_, err := show.Fprintf(w, "%-9s %s for %s (%s), %s\n", string(state), s.List, s.Address, s.Manager, text)
	for _, line := range more {
		if err == nil {
			_, err = show.Fprintf(w, "%9s %s\n", "", line)
		}
	}
	return err
}
