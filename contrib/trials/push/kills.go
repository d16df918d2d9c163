package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"busbar/common/archive"
	"busbar/common/drain"
	"busbar/common/push"
	"busbar/common/secret"
	"busbar/common/sign"
	"busbar/common/webhook"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

const config = `[bus]
[sign]
ca = %q
crl = %q
[hub]
listen = %q
archive = %q
push = [%q]
`

// A play is what runs.
type play struct {
	o       options
	site    *trial.Site
	ca      *sign.CA
	hub     *trial.Victim
	url     string
	adapter *sender // by common/push
	posters []*sender
	forger  *forger
	network *network
}

func kills(ctx context.Context, o options, s *trial.Site) (string, error) {
	p := &play{o: o, site: s}
	if err := p.prepare(ctx); err != nil {
		return "", err
	}
	defer p.network.listener.Close()
	text, err := p.torture(ctx)
	if err != nil {
		return text, err
	}
	rate, err := p.rate(ctx)
	return text + "; " + rate, errors.Join(err, p.hub.Stop())
}

func (p *play) prepare(ctx context.Context) (err error) {
	s := p.site
	if p.ca, err = sign.CreateCA(s.Path("keys"), "Trial CA", 1); err != nil {
		return err
	}
	if _, err := p.ca.CRL(7); err != nil {
		return err
	}
	address, err := ports.Address()
	if err != nil {
		return err
	}
	if p.network, err = newNetwork(ctx, address); err != nil {
		return err
	}
	p.url = "http://" + address + "/push"
	if err := s.Mkdir("senders"); err != nil {
		return err
	}
	if p.adapter, err = p.sender(ctx, "adapter"); err != nil {
		return err
	}
	for i := range p.o.posters {
		one, err := p.sender(ctx, fmt.Sprint("poster", i))
		if err != nil {
			return err
		}
		p.posters = append(p.posters, one)
	}
	victim, err := p.sender(ctx, "victim")
	if err != nil {
		return err
	}
	nobody, _, err := secrets(99)
	p.forger = &forger{victim: victim, secret: nobody}
	p.hub = s.Daemon("bus", "hub")
	return errors.Join(err, s.Configure("bus", config, s.Path("keys/ca.crt"), s.Path("keys/crl.pem"), address, s.Path("archive.db"), s.Path("senders")))
}

func secrets(n byte) (webhook.Secrets, string, error) {
	text := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32))
	list, err := webhook.ParseSecrets(text)
	return list, text, err
}

func (p *play) sender(ctx context.Context, name string) (*sender, error) {
	list, text, err := secrets(byte(len(p.posters)) + name[0])
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.site.Path("senders/"+name+".secret"), []byte(text+"\n"), 0o600); err != nil {
		return nil, err
	}
	return newSender(ctx, p.site, name, p.ca, list)
}

// torture kills the hub while everybody posts, and compares at the end.
func (p *play) torture(ctx context.Context) (string, error) {
	if err := p.hub.Start(); err != nil {
		return "", err
	}
	posting, end := context.WithCancel(ctx)
	defer end()
	failed := make(chan error, len(p.posters)+2)
	var wg sync.WaitGroup
	for i, one := range p.posters {
		rng := rand.New(rand.NewPCG(p.o.Seed, uint64(i)))
		url := p.url
		if i == 0 {
			url = "http://" + p.network.listener.Addr().String() + "/push"
		}
		wg.Go(func() { failed <- one.posts(posting, url, rng) })
	}
	wg.Go(func() { failed <- p.forger.run(posting, p.url) })
	sink := &push.Sink{URL: secret.NewURL("http://" + p.network.listener.Addr().String() + "/push/adapter"), SecretFile: p.site.Path("senders/adapter.secret"), Batch: 20}
	draining, stop := context.WithCancel(ctx)
	defer stop()
	way := &drain.Drain{Store: p.adapter.journal, Sink: sink, Name: "push"}
	go func() { failed <- way.Run(draining) }()
	rng := rand.New(rand.NewPCG(p.o.Seed, 1000))
	for range p.o.kills {
		if err := p.adapter.say(ctx, 10); err != nil {
			return "", err
		}
		before := p.taken()
		err := trial.Await(ctx, "a post to be taken", trial.Patience, func() (bool, error) {
			select {
			case err := <-failed:
				return false, errors.Join(err, errors.New("a sender ended"))
			default:
				return p.taken() > before, nil
			}
		})
		if err == nil {
			err = trial.Pause(ctx, time.Duration(rng.Int64N(int64(120*time.Millisecond))))
		}
		if err == nil {
			err = p.hub.Restart()
		}
		if err != nil {
			return "", err
		}
	}
	end()
	wg.Wait()
	p.network.mended.Store(true)
	for i, one := range p.posters { // what was on its way
		if err := one.deliver(ctx, newClient(), p.url, rand.New(rand.NewPCG(p.o.Seed, uint64(i)))); err != nil {
			return "", err
		}
	}
	err := trial.Await(ctx, "the adapter's messages", 2*trial.Patience, func() (bool, error) { return way.Status().Cursor == p.adapter.said, nil })
	stop()
	if err != nil {
		return "", trial.Broken(err)
	}
	if err := p.hub.Kill(); err != nil {
		return "", err
	}
	text, err := p.compare(ctx)
	return text, errors.Join(err, p.hub.Start())
}

func (p *play) taken() (n int64) {
	for _, one := range p.posters {
		n += one.taken.Load()
	}
	return n
}

// compare looks for each message of each sender in the archive, and for what is none's.
func (p *play) compare(ctx context.Context) (string, error) {
	a, err := archive.OpenReader(ctx, p.site.Path("archive.db"))
	if err != nil {
		return "", err
	}
	defer a.Close()
	lost, doubled, changed, again, all := 0, 0, 0, int64(0), int64(0)
	for _, one := range append([]*sender{p.adapter}, p.posters...) {
		again, all = again+one.again.Load(), all+one.said
		for from := int64(1); from <= one.said; from += 100 {
			said, err := one.journal.Reader().After(ctx, from-1, 100)
			if err != nil {
				return "", err
			}
			kept, err := a.Numbers(ctx, one.name, one.journal.Epoch(), from, 300)
			if err != nil {
				return "", err
			}
			of := map[int64]int{}
			for _, m := range kept {
				if i := m.Seq - from; i >= 0 && i < int64(len(said)) {
					of[m.Seq]++
					if !bytes.Equal(m.Wire, said[i].Wire) {
						changed++
					}
				}
			}
			for _, m := range said {
				switch n := of[m.Seq]; {
				case n == 0:
					lost++
				case n > 1:
					doubled += n - 1
				}
			}
		}
	}
	f := p.forger
	stolen, err := a.Numbers(ctx, f.victim.name, f.victim.journal.Epoch(), 1, 1000)
	if err != nil {
		return "", err
	}
	list, err := a.Sequences(ctx)
	if err != nil {
		return "", err
	}
	_, arrivals, err := a.Range(ctx)
	if err != nil {
		return "", err
	}
	gaps, err := a.LastGaps(ctx, 10)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("hub killed %d times, %d connections cut; %d messages of %d senders, %d posts made twice: lost %d, doubled %d, changed %d; %d forged, stale or unsigned posts: accepted %d",
		p.o.kills, p.network.cuts.Load(), all, len(p.posters)+1, again, lost, doubled, changed, f.posts.Load(), len(stolen))
	return text, trial.Verdict([]trial.Count{
		{N: lost, What: "lost"}, {N: doubled, What: "doubled"}, {N: changed, What: "changed"}, {N: len(stolen), What: "forged ones in the archive"},
		{N: int(f.taken.Load()), What: "forged posts answered with 200"}, {N: len(list) - len(p.posters) - 1, What: "sequences too many"},
		{N: int(arrivals - all), What: "arrivals too many"}, {N: len(gaps), What: "gaps"},
	})
}
