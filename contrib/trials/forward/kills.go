package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"busbar/common/sign"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/cluster"
)

const (
	streamName = "TRIAL"
	patience   = 5 * time.Minute
)

// A play is what runs.
type play struct {
	site       *trial.Site
	ca         *sign.CA // nil: nothing is signed
	publishers []*trial.Publisher
	nodes      []*cluster.NATS
	forward    *trial.Victim
	rng        *rand.Rand
	killed     map[string]int
}

// kills is an act: of as many servers one is killed, or the program.
func kills(ctx context.Context, o options, s *trial.Site, nodes, times int) (string, error) {
	running, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer end()
	p := &play{site: s, rng: rand.New(rand.NewPCG(o.Seed, uint64(nodes))), killed: map[string]int{}}
	if err := p.prepare(running, &wg, o.publishers, nodes, true); err != nil {
		return "", err
	}
	defer p.end()
	if err := p.forward.Start(); err != nil {
		return "", err
	}
	each := int64(o.messages / 2 / o.publishers)
	began := time.Now()
	for n := range times {
		if err := p.round(ctx, each*int64(n+1)/int64(times), n%3 == 0); err != nil {
			return "", fmt.Errorf("after %d kills: %w", n, err)
		}
	}
	killing := time.Since(began)
	for _, node := range p.nodes {
		if err := node.Ready(ctx); err != nil {
			return "", err
		}
	}
	for _, one := range p.publishers { // and the last while nothing is killed
		if err := one.Speak(ctx, each); err != nil {
			return "", err
		}
	}
	repaired := time.Now()
	total := each * int64(len(p.publishers))
	l, err := p.account(ctx, total)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%s killed; messages %d of %d publishers in %.0f s, all there %.1f s after the last kill: %s",
		p.kills(), total, len(p.publishers), killing.Seconds(), time.Since(repaired).Seconds(), l)
	return text, errors.Join(l.verdict(), p.forward.Stop())
}

func (p *play) kills() string {
	var list []string
	for _, what := range []string{"bus forward", "the server", "one of three servers"} {
		if n := p.killed[what]; n > 0 {
			list = append(list, fmt.Sprintf("%s %d times", what, n))
		}
	}
	return strings.Join(list, ", ")
}

// prepare starts publishers and servers, and installs the program.
func (p *play) prepare(ctx context.Context, wg *sync.WaitGroup, publishers, nodes int, signed bool) error {
	var err error
	if signed {
		if p.ca, err = sign.CreateCA(p.site.Path("keys"), "Trial CA", 1); err != nil {
			return err
		}
		if _, err := p.ca.CRL(7); err != nil {
			return err
		}
	}
	var endpoints, urls []string
	for i := range publishers {
		one, err := trial.Publish(ctx, wg, p.site.Dir, fmt.Sprintf("p%d.example.org", i), p.ca)
		if err != nil {
			return err
		}
		p.publishers = append(p.publishers, one)
		endpoints = append(endpoints, fmt.Sprintf("%q", one.Endpoint))
	}
	if p.nodes, err = cluster.StartNATSCluster(ctx, p.site.Dir, nodes, cluster.NATSOptions{}); err != nil {
		return err
	}
	for _, n := range p.nodes {
		urls = append(urls, fmt.Sprintf("%q", n.URL()))
	}
	trust := "backend = \"none\"\n"
	if signed {
		trust = fmt.Sprintf("ca = %q\ncrl = %q\n", p.site.Path("keys/ca.crt"), p.site.Path("keys/crl.pem"))
	}
	err = p.site.Configure("bus", "[bus]\nprefix = \"org.example\"\nsubscribe = [%s]\n[sign]\n%s[forward]\nto = [%s]\nstream = %q\nreplicas = %d\nposition = %q\n",
		strings.Join(endpoints, ", "), trust, strings.Join(urls, ", "), streamName, nodes, p.site.Path("position"))
	p.forward = p.site.Daemon("bus", "forward")
	if !signed {
		p.forward.Args = append(p.forward.Args, "--no-verify")
	}
	return err
}

// end ends the servers.
func (p *play) end() {
	for _, n := range p.nodes {
		_ = n.Kill() // it is for good
	}
}

// round has more said, and kills the program or a server meanwhile.
func (p *play) round(ctx context.Context, upTo int64, theProgram bool) error {
	said := make(chan error, 1)
	go func() {
		for _, one := range p.publishers {
			if err := one.Speak(ctx, upTo); err != nil {
				said <- err
				return
			}
		}
		said <- nil
	}()
	err := trial.Pause(ctx, time.Duration(p.rng.Int64N(int64(500*time.Millisecond))))
	if err == nil && theProgram {
		p.killed["bus forward"]++
		err = p.forward.Restart()
	} else if err == nil {
		err = p.killServer(ctx)
	}
	return errors.Join(err, <-said)
}

// killServer kills one, lets it lie for a moment, and starts it again. Of a cluster no
// second one is killed before it is whole.
func (p *play) killServer(ctx context.Context) error {
	what := "the server"
	if len(p.nodes) > 1 {
		what = "one of three servers"
		for _, n := range p.nodes {
			if err := n.Ready(ctx); err != nil {
				return err
			}
		}
	}
	p.killed[what]++
	n := p.nodes[p.rng.IntN(len(p.nodes))]
	if err := n.Kill(); err != nil {
		return err
	}
	if err := trial.Pause(ctx, time.Duration(p.rng.Int64N(int64(500*time.Millisecond)))); err != nil {
		return err
	}
	return n.Start()
}
