package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/journal"
	"busbar/contrib/trials/trial"
)

// rate measures how fast messages that were said before come into the stream, and how
// fast nats.go's own asynchronous client publishes the same.
func rate(ctx context.Context, o options, s *trial.Site) (string, error) {
	plain, bare, err := measure(ctx, o, s, "plain", o.rated, false)
	if err != nil {
		return "", err
	}
	verified, _, err := measure(ctx, o, s, "signed", o.rated/5, true)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("bus forward with its publishers %s (verified %s), nats.go alone %s: %.2f of it", plain, verified, bare, plain.rate/bare.rate), nil
}

// A speed is how fast messages went, and what one cost the process that published it.
type speed struct {
	rate float64 // a second
	cpu  time.Duration
}

func (s speed) String() string {
	return fmt.Sprintf("%.0f messages/s, %.0f µs of a processor each", s.rate, float64(s.cpu.Nanoseconds())/1000)
}

func speedOf(n int64, took, cpu time.Duration) speed {
	return speed{float64(n) / took.Seconds(), cpu / time.Duration(n)}
}

func measure(ctx context.Context, o options, s *trial.Site, name string, n int, signed bool) (forwarded, bare speed, err error) {
	running, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer end()
	if err := s.Mkdir(name); err != nil {
		return forwarded, bare, err
	}
	at, err := trial.NewSite(s.Path(name+"/site"), s.Program(""))
	if err != nil {
		return forwarded, bare, err
	}
	defer func() { err = errors.Join(err, at.End()) }()
	p := &play{site: at, rng: rand.New(rand.NewPCG(o.Seed, 9)), killed: map[string]int{}}
	if err := p.prepare(running, &wg, o.publishers, 1, signed); err != nil {
		return forwarded, bare, err
	}
	defer p.end()
	each := int64(n / len(p.publishers))
	for _, one := range p.publishers {
		if err := one.Speak(ctx, each); err != nil {
			return forwarded, bare, err
		}
	}
	total := each * int64(len(p.publishers))
	began := time.Now()
	if err := p.forward.Start(); err != nil {
		return forwarded, bare, err
	}
	nc, stream, err := p.open(ctx)
	if err != nil {
		return forwarded, bare, err
	}
	defer nc.Close()
	for {
		info, err := stream.Info(ctx)
		if err != nil {
			return forwarded, bare, err
		}
		if info.State.LastSeq >= uint64(total) {
			break
		}
		if err := trial.Pause(ctx, 10*time.Millisecond); err != nil {
			return forwarded, bare, err
		}
	}
	forwarded = speedOf(total, time.Since(began), trial.CPU(p.forward.PID()))
	if err := p.forward.Stop(); err != nil {
		return forwarded, bare, err
	}
	l, err := p.account(ctx, total)
	if err == nil {
		err = l.verdict()
	}
	if err != nil {
		return forwarded, bare, err
	}
	bare, err = p.bare(ctx, nc, total)
	return forwarded, bare, err
}

// bare publishes the same messages into another stream as nats.go does it.
func (p *play) bare(ctx context.Context, nc *nats.Conn, total int64) (speed, error) {
	var list []journal.Message
	for _, one := range p.publishers {
		r, err := journal.OpenReader(ctx, one.File)
		if err != nil {
			return speed{}, err
		}
		for seq := int64(0); ; {
			part, err := r.After(ctx, seq, 1000)
			if err != nil {
				return speed{}, errors.Join(err, r.Close())
			}
			if len(part) == 0 {
				break
			}
			list, seq = append(list, part...), part[len(part)-1].Seq
		}
		if err := r.Close(); err != nil {
			return speed{}, err
		}
	}
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		return speed{}, err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "BARE", Subjects: []string{"bare.>"}}); err != nil {
		return speed{}, err
	}
	began, before := time.Now(), trial.CPU(os.Getpid())
	for _, m := range list {
		for {
			_, err := js.PublishAsync("bare."+m.Topic, m.Wire, jetstream.WithMsgID(m.ID))
			if err == nil {
				break
			}
			if !errors.Is(err, jetstream.ErrTooManyStalledMsgs) {
				return speed{}, err
			}
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-ctx.Done():
		return speed{}, ctx.Err()
	}
	return speedOf(total, time.Since(began), trial.CPU(os.Getpid())-before), nil
}
