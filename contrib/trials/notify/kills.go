package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/contrib/trials/trial"
)

func kills(ctx context.Context, o options, s *trial.Site) (string, error) {
	p, end, err := stage(ctx, o, s)
	defer end()
	if err == nil {
		err = p.prepare()
	}
	if err != nil {
		return "", err
	}
	began := time.Now()
	if err := errors.Join(p.server.Start(), p.notify.Start()); err != nil {
		return "", err
	}
	for n := range o.kills {
		if err := p.kill(ctx, n); err != nil {
			return "", err
		}
	}
	if err := p.publisher.Speak(ctx, int64(o.events)); err != nil {
		return "", err
	}
	var events []string
	err = trial.Messages(ctx, p.publisher.File, func(_ string, e event.Envelope) { events = append(events, e.MsgID) })
	if err != nil {
		return "", err
	}
	lost := func() int {
		n := 0
		for _, to := range p.people {
			for _, e := range events {
				if len(p.ledger.by[told{to, e}]) == 0 {
					n++
				}
			}
		}
		return n
	}
	waited := trial.Await(ctx, "all notifications to arrive", 2*trial.Patience, func() (bool, error) {
		err := p.ledger.read()
		return lost() == 0, err
	})
	took := time.Since(began)
	if err := p.notify.Stop(); err != nil {
		return "", err
	}
	if err := p.ledger.read(); err != nil {
		return "", err
	}
	made, unsure, err := unsureNotes(ctx, s.Path("outbox.db"))
	if err != nil {
		return "", err
	}
	v := p.ledger.judge(p.people, events, unsure)
	text := fmt.Sprintf("bus notify killed %d times, the mail server %d times, in %s; %d people, %d events: %d notifications, %d notes made, %d mails accepted: lost %d, doubled %d; "+
		"of %d notes nobody could know whether they had arrived (SMTP), and %d mails came again for that reason, with the same Message-ID",
		(o.kills+1)/2, o.kills/2, took.Round(time.Second), len(p.people), len(events), len(p.people)*len(events), made, p.ledger.mails, v.lost, v.doubled, len(unsure), v.again)
	if waited != nil && v.lost == 0 {
		return text, waited
	}
	if made != len(p.people)*len(events) {
		err = trial.Broken(fmt.Errorf("%d notes were made", made))
	}
	return text, errors.Join(err, v.err(p.ledger))
}

// prepare makes server and configuration.
func (p *play) prepare() error {
	var rules strings.Builder
	for i := range p.o.people {
		to := fmt.Sprintf("p%d@example.org", i)
		p.people = append(p.people, to)
		fmt.Fprintf(&rules, "[people.p%d]\nto = [\"mail:%s\"]\nlimit = 1000\nwithin = \"1m\"\n[[people.p%d.rules]]\nname = \"all\"\nfilter = \"topic:trial.note\"\n", i, to, i)
	}
	address, err := p.mailServer()
	if err != nil {
		return err
	}
	return p.configure(rules.String(), mailTable(address))
}

// kill has something said, waits until mails come, and a little longer, and kills; now and
// then at any moment, such as while it starts.
func (p *play) kill(ctx context.Context, n int) error {
	upTo := int64(p.o.events) * int64(n+1) / int64(p.o.kills)
	before := p.ledger.mails
	if err := p.publisher.Speak(ctx, upTo); err != nil {
		return err
	}
	if p.rng.IntN(4) > 0 {
		err := trial.Await(ctx, "mails to come", trial.Patience, func() (bool, error) {
			err := p.ledger.read()
			return p.ledger.mails > before, err
		})
		if err != nil {
			return err
		}
	}
	if err := trial.Pause(ctx, time.Duration(p.rng.Int64N(int64(60*time.Millisecond)))); err != nil {
		return err
	}
	if n%2 == 0 {
		return p.notify.Restart()
	}
	return p.server.Restart()
}
