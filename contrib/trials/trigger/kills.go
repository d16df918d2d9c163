package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"busbar/common/sign"
	"busbar/contrib/trials/trial"
)

// command writes down what it does.
const command = `#!/bin/sh
echo "begin $EVENT_PUBLISHER $EVENT_NUMBER $$" >>'%[1]s'
sleep 0.02
echo "end $EVENT_PUBLISHER $EVENT_NUMBER $$" >>'%[1]s'
`

// ahead is how far publishers are ahead of what is handled.
const ahead = 10

// A play is what runs.
type play struct {
	o          options
	site       *trial.Site
	publishers []*trial.Publisher
	ledger     *ledger
	trigger    *trial.Victim
	command    string // its file
	rng        *rand.Rand
	commands   int // were killed
}

func kills(ctx context.Context, o options, s *trial.Site) (string, error) {
	running, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer end()
	p := &play{o: o, site: s, command: s.Path("handle"), rng: rand.New(rand.NewPCG(o.Seed, 1))}
	if err := p.prepare(running, &wg); err != nil {
		return "", err
	}
	if err := p.trigger.Start(); err != nil {
		return "", err
	}
	for n := range o.kills {
		if err := p.kill(ctx, n%2 == 1); err != nil {
			return "", err
		}
	}
	said := map[string]int64{}
	for _, one := range p.publishers {
		said[one.Name] = one.Said
	}
	err := trial.Await(ctx, "all events to be handled", trial.Patience, func() (bool, error) {
		err := p.ledger.read()
		return p.ledger.missing(said) == 0, err
	})
	if err != nil {
		err = errors.Join(trial.Broken(err), p.ledger.verdict(said))
	} else if err = p.trigger.Stop(); err == nil {
		err = p.ledger.read()
	}
	total := int64(0)
	for _, n := range said {
		total += n
	}
	text := fmt.Sprintf("bus trigger killed %d times, its command %d times; events %d of %d publishers, %d commands at once: not handled %d, %s",
		o.kills-p.commands, p.commands, total, o.publishers, o.jobs, p.ledger.missing(said), p.ledger)
	return text, errors.Join(err, p.ledger.verdict(said))
}

// prepare makes publishers, configuration and command.
func (p *play) prepare(ctx context.Context, wg *sync.WaitGroup) error {
	ca, err := sign.CreateCA(p.site.Path("keys"), "Trial CA", 1)
	if err != nil {
		return err
	}
	if _, err := ca.CRL(7); err != nil {
		return err
	}
	var names, endpoints []string
	for i := range p.o.publishers {
		one, err := trial.Publish(ctx, wg, p.site.Dir, fmt.Sprintf("p%d.example.org", i), ca)
		if err != nil {
			return err
		}
		p.publishers = append(p.publishers, one)
		names, endpoints = append(names, one.Name), append(endpoints, fmt.Sprintf("%q", one.Endpoint))
	}
	if p.ledger, err = newLedger(p.site.Path("ledger"), names); err != nil {
		return err
	}
	if err := os.WriteFile(p.command, fmt.Appendf(nil, command, p.site.Path("ledger")), 0o700); err != nil {
		return err
	}
	err = p.site.Configure("bus", "[bus]\nsubscribe = [%s]\n[sign]\nca = %q\ncrl = %q\n", strings.Join(endpoints, ", "), p.site.Path("keys/ca.crt"), p.site.Path("keys/crl.pem"))
	p.trigger = p.site.Daemon("bus", "trigger")
	p.trigger.Args = append(p.trigger.Args, "--position", p.site.Path("position"), "--from", "start", "--pause", "10ms", "--jobs", fmt.Sprint(p.o.jobs), "--", p.command)
	return err
}

// kill waits until the command runs, and a little longer, and kills it or the program;
// the program now and then at any moment, such as while it starts.
func (p *play) kill(ctx context.Context, theCommand bool) error {
	if !theCommand && p.rng.IntN(4) == 0 {
		if err := trial.Pause(ctx, time.Duration(p.rng.Int64N(int64(400*time.Millisecond)))); err != nil {
			return err
		}
		return p.trigger.Restart()
	}
	before := p.ledger.lines
	if err := p.until(ctx, func() bool { return p.ledger.lines > before }); err != nil {
		return err
	}
	if err := trial.Pause(ctx, time.Duration(p.rng.Int64N(int64(60*time.Millisecond)))); err != nil {
		return err
	}
	if !theCommand {
		return p.trigger.Restart()
	}
	return p.until(ctx, func() bool {
		for _, process := range p.ledger.processes() {
			if isCommand(process, p.command) && syscall.Kill(process, syscall.SIGKILL) == nil {
				p.commands++
				return true
			}
		}
		return false
	})
}

// until has the publishers speak and reads the ledger until ok.
func (p *play) until(ctx context.Context, ok func() bool) error {
	for end := time.Now().Add(trial.Patience); ; {
		for _, one := range p.publishers {
			if err := one.Speak(ctx, p.ledger.of[one.Name].ended+ahead); err != nil {
				return err
			}
		}
		if err := p.ledger.read(); err != nil {
			return err
		}
		switch {
		case ok():
			return nil
		case time.Now().After(end):
			return errors.New("the command no longer runs")
		}
		if err := trial.Pause(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
}
