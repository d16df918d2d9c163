package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

func newClient() *http.Client { return &http.Client{Timeout: 30 * time.Second} }

// rate is how many posts of one message a second a hub takes that is at rest otherwise:
// from one sender, and from all at once. Each waits for its answer before the next.
func (p *play) rate(ctx context.Context) (string, error) {
	one, err := p.measure(ctx, p.posters[:1])
	if err != nil {
		return "", err
	}
	all, err := p.measure(ctx, p.posters)
	return fmt.Sprintf("posts of one message a second: %.0f from one sender, %.0f from %d", one, all, len(p.posters)), err
}

func (p *play) measure(ctx context.Context, senders []*sender) (float64, error) {
	each := max(1, p.o.single/len(senders))
	bodies := map[*sender][][]byte{}
	for _, s := range senders {
		at := s.said
		if err := s.say(ctx, each); err != nil {
			return 0, err
		}
		for at < s.said {
			list, err := s.journal.Reader().After(ctx, at, 500)
			if err != nil {
				return 0, err
			}
			for _, m := range list {
				bodies[s] = append(bodies[s], append(m.Wire, '\n'))
			}
			at = list[len(list)-1].Seq
		}
	}
	failed := make(chan error, len(senders))
	var wg sync.WaitGroup
	began := time.Now()
	for _, s := range senders {
		wg.Go(func() {
			client := newClient()
			defer client.CloseIdleConnections()
			for i, body := range bodies[s] {
				code := post(ctx, client, p.url, body, func(h http.Header) { s.secrets.Sign(h, fmt.Sprint("single-", i), time.Now(), body) })
				if code == http.StatusTooManyRequests { // it is faster than a sender may be: the rest follows
					if err := s.deliver(ctx, client, p.url, rand.New(rand.NewPCG(1, 1))); err != nil {
						failed <- err
					}
					return
				}
				if code != http.StatusOK {
					failed <- fmt.Errorf("a post to a hub at rest is answered with %d", code)
					return
				}
				s.taken.Add(1)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return float64(each*len(senders)) / time.Since(began).Seconds(), ctx.Err()
}
