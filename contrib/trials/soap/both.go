package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"busbar/common/event"
	"busbar/common/wire"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
)

// actBoth has bugs told by mail2bus and by soapbus, both followed by one
// subscriber; every second mail never arrives.
func actBoth(ctx context.Context, o options, s *site) (text string, err error) {
	var mu sync.Mutex
	mails, withheld := 0, 0
	spool := s.Path("spool")
	s.tracker = bugtracker.New(bugtracker.Options{First: 700001, Seed: o.Seed, Mailed: func(mail []byte) {
		mu.Lock()
		defer mu.Unlock()
		if mails++; mails%2 == 0 {
			withheld++
			return
		}
		deliver := exec.CommandContext(ctx, s.Program("mail2bus"), "deliver", "--spool", spool)
		deliver.Stdin = strings.NewReader(string(mail))
		if out, derr := deliver.CombinedOutput(); derr != nil {
			err = errors.Join(err, fmt.Errorf("delivering a mail: %w: %s", derr, out))
		}
	}})
	w := newWorld(s.tracker, o.Seed)
	w.report() // so that there is a beginning
	if err := s.serve(); err != nil {
		return "", err
	}
	var endpoints []string
	for range 2 {
		address, err := trial.FreeAddress()
		if err != nil {
			return "", err
		}
		endpoints = append(endpoints, "tcp://"+address)
	}
	if err := s.configure(time.Minute, fmt.Sprintf("publish = [%q]\nheartbeat = \"1s\"", endpoints[0])); err != nil {
		return "", err
	}
	err = s.Configure("mail2bus", "[bus]\nname = \"mail2bus.trial\"\njournal = %q\npublish = [%q]\nheartbeat = \"1s\"\n[sign]\nbackend = \"none\"\n[mail]\nspool = %q\n",
		s.Path("mail.db"), endpoints[1], spool)
	if err != nil {
		return "", err
	}
	b := openBooks(s.tracker)
	if err := s.poll(ctx); err != nil {
		return "", err
	}
	for _, daemon := range []*trial.Victim{s.Daemon("mail2bus", "run"), s.daemon} {
		if err := daemon.Start(); err != nil {
			return "", err
		}
	}
	seen := map[string]int{} // by id: how often it was shown
	sub, err := trial.Collect(ctx, wire.FollowOptions{Endpoints: endpoints}, func(d wire.Delivery) error {
		seen[d.Envelope.MsgID[5:]]++
		return nil
	})
	if err != nil {
		return "", err
	}
	if err := sub.Ready(ctx, len(endpoints)); err != nil {
		return "", err
	}
	for range o.both {
		bug := w.report()
		for range w.rng.IntN(3) {
			w.change(bug)
		}
	}
	if err != nil {
		return "", err
	}
	if err := sub.Quiet(ctx, 6*time.Second); err != nil {
		return "", err
	}
	if _, err := sub.End(); err != nil {
		return "", err
	}
	sums, serr := compare(ctx, seen, s.Path("mail.db"), s.journal())
	text, cerr := s.close(ctx, w, b, fmt.Sprintf("%d mails, %d of them withheld; ", mails, withheld))
	return text + "; " + sums.String(), errors.Join(cerr, serr, sums.verdict())
}

// sums compare what two adapters told with what a subscriber saw.
type sums struct {
	mail, soap, shared, seen, missed, twice, repaired, unmarked int

	where []string // some that were missed
}

func (s sums) String() string {
	return fmt.Sprintf("by mail %d facts, by SOAP %d, %d of them the same; the subscriber saw %d, missed %d, saw twice %d; only SOAP told %d messages, not marked recovered %d",
		s.mail, s.soap, s.shared, s.seen, s.missed, s.twice, s.repaired, s.unmarked)
}

func (s sums) verdict() error {
	if s.missed+s.twice+s.unmarked > 0 || s.shared == 0 || s.repaired == 0 {
		return trial.Broken(errors.New(s.String() + ": " + strings.Join(s.where[:min(len(s.where), 5)], "; ")))
	}
	return nil
}

func compare(ctx context.Context, seen map[string]int, mailPath, soapPath string) (s sums, err error) {
	mail, err := facts(ctx, mailPath)
	if err != nil {
		return s, err
	}
	soap, err := facts(ctx, soapPath)
	if err != nil {
		return s, err
	}
	s.mail, s.soap, s.seen = len(mail), len(soap), len(seen)
	for id, e := range soap {
		_, both := mail[id]
		if both {
			s.shared++
		}
		switch _, kind, _ := strings.Cut(e.Topic, ".debbugs.bug."); kind {
		case "create", "comment", "close", "forward":
			body, _ := e.Msg.(map[string]any)
			if !both && body["quiet"] != true {
				s.repaired++
				if !e.Recovered {
					s.unmarked++
				}
			}
		}
	}
	for _, list := range []map[string]event.Envelope{mail, soap} {
		for id := range list {
			if seen[id] == 0 {
				s.missed++
				s.where = append(s.where, fmt.Sprintf("%s, number %d of %s", list[id].Topic, list[id].Seq, list[id].Publisher))
			}
		}
	}
	for _, n := range seen {
		if n > 1 {
			s.twice++
		}
	}
	return s, nil
}

func facts(ctx context.Context, path string) (map[string]event.Envelope, error) {
	all := map[string]event.Envelope{}
	return all, trial.Messages(ctx, path, func(id string, e event.Envelope) { all[id] = e })
}
