package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/cluster"
	"busbar/fixtures/ports"
)

// latency measures how long it takes from an event, as it is given to its publisher, until
// the mail server has accepted the mail about it: that of this trial, or a Postfix, which
// hands over to its own sink.
func latency(ctx context.Context, o options, s *trial.Site, postfix bool) (string, error) {
	p, end, err := stage(ctx, o, s)
	defer end()
	if err != nil {
		return "", err
	}
	domain, name := "example.org", "a mail server that writes down what it accepts"
	address := ""
	if postfix {
		domain, name = "lmtp.example", "Postfix"
		address, err = p.postfix(ctx)
	} else if address, err = p.mailServer(); err == nil {
		err = p.server.Start()
	}
	if err != nil {
		return "", err
	}
	total := int(o.rate * o.seconds)
	var rules strings.Builder
	for i := range o.crowd {
		var mine []string
		for n := i; n < total; n += o.crowd {
			mine = append(mine, fmt.Sprintf("%q", packageOf(n)))
		}
		if i == 0 {
			mine = append(mine, fmt.Sprintf("%q", packageOf(total)))
		}
		fmt.Fprintf(&rules, "[people.p%d]\nto = [\"mail:p%d@%s\"]\nlimit = 1000\nwithin = \"1m\"\npackages = [%s]\n[[people.p%d.rules]]\nname = \"mine\"\nfilter = \"package:@mine\"\n", i, i, domain, strings.Join(mine, ", "), i)
		for j := range 9 {
			fmt.Fprintf(&rules, "[[people.p%d.rules]]\nname = \"other %d\"\nfilter = \"package:other-%d-%d topic:trial.build\"\n", i, j, i, j)
		}
	}
	if err := p.configure(rules.String(), mailTable(address)); err != nil {
		return "", err
	}
	if err := p.notify.Start(); err != nil {
		return "", err
	}
	if _, err := p.storm(ctx, total, total+1, 1); err != nil { // so that all are connected
		return "", err
	}
	if err := p.allSent(ctx, 1, trial.Patience); err != nil {
		return "", err
	}
	before := trial.CPU(p.notify.PID())
	said, err := p.storm(ctx, 0, total, o.rate)
	if err != nil {
		return "", err
	}
	took := time.Since(said[0])
	if err := p.allSent(ctx, total+1, 2*trial.Patience); err != nil {
		return "", err
	}
	used, peak := trial.CPU(p.notify.PID())-before, trial.Peak(p.notify.PID())
	if err := p.notify.Stop(); err != nil {
		return "", err
	}
	notes, err := outbox(ctx, p.outbox())
	if err != nil {
		return "", err
	}
	number, err := numbers(ctx, p.publisher)
	if err != nil {
		return "", err
	}
	var made, accepted trial.Times
	got := map[int]int{}
	for _, n := range notes {
		if i := number[n.event]; i < total {
			got[i]++
			made = append(made, n.made.Sub(said[i]))
			accepted = append(accepted, n.done.Sub(said[i]))
		}
	}
	lost, doubled := 0, len(accepted)-len(got)
	for i := range total {
		if got[i] == 0 {
			lost++
		}
	}
	text := fmt.Sprintf("%d people with 10 rules each, %s; %d events in %.0f s, a mail each: to the outbox %v; accepted by the server %v; processor time %.1f s, memory %s; lost %d, doubled %d",
		o.crowd, name, total, took.Seconds(), made, accepted, used.Seconds(), peak, lost, doubled)
	return text, trial.Verdict([]trial.Count{{N: lost, What: "lost"}, {N: doubled, What: "doubled"}})
}

// postfix starts one, whose mails go by LMTP to its sink, which forgets them.
func (p *play) postfix(ctx context.Context) (address string, err error) {
	sink, err := exec.LookPath("smtp-sink")
	if err != nil {
		return "", fmt.Errorf("%w: Postfix's smtp-sink is not installed", trial.ErrSkipped)
	}
	to, err := ports.Address()
	if err != nil {
		return "", err
	}
	m, err := cluster.StartPostfix(ctx, p.site.Path("mta"), cluster.MailOptions{LMTP: to, Pipe: "/bin/true"})
	if errors.Is(err, cluster.ErrNoMail) {
		return "", fmt.Errorf("%w: %w", trial.ErrSkipped, err)
	}
	if err != nil {
		return "", err
	}
	p.site.Undo(m.Stop)
	v, err := p.beside("sink", sink, "-u", "nobody", "-L", to, "100")
	if err == nil {
		err = v.Start()
	}
	if err != nil {
		return "", err
	}
	return m.Address, trial.AwaitListener(ctx, to)
}
