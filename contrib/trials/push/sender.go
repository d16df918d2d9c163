package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/sign"
	"busbar/common/webhook"
	"busbar/contrib/trials/trial"
)

var note = event.Define("trial.note.create", "a note", func(n int64) string { return fmt.Sprint("note ", n) }, nil)

// A sender is one who may push: its journal, and its secret.
type sender struct {
	name    string
	journal *journal.Journal
	secrets webhook.Secrets
	said    int64
	taken   atomic.Int64 // the newest that was answered with 200
	again   atomic.Int64 // posts of what was taken before
}

func newSender(ctx context.Context, s *trial.Site, name string, ca *sign.CA, secrets webhook.Secrets) (*sender, error) {
	certificate, key, err := ca.Issue(name, 7)
	if err != nil {
		return nil, err
	}
	signer, err := sign.LoadSigner(certificate, key)
	if err != nil {
		return nil, err
	}
	id := journal.Identity{Prefix: "org.example", Environment: "dev", Name: name, Username: "trial"}
	j, err := journal.Open(ctx, journal.Options{Path: s.Path(name + ".db"), Identity: id, Seal: signer.Seal})
	return &sender{name: name, journal: j, secrets: secrets}, err
}

// say writes notes into the journal: whole, even at the end of the context, for said
// counts them.
func (p *sender) say(ctx context.Context, count int) error {
	var events []event.Event
	for range count {
		p.said++
		events = append(events, event.Event{Kind: note, Key: fmt.Sprint(p.name, p.said), Time: time.Now(), Body: p.said})
	}
	_, err := p.journal.Append(context.WithoutCancel(ctx), journal.Record{Origin: "trial", Received: time.Now(), Events: events})
	return err
}

// post sends a body, and gives the status; 0: nobody answered.
func post(ctx context.Context, client *http.Client, url string, body []byte, headers func(http.Header)) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	headers(req.Header)
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // its status counts
	return resp.StatusCode
}

// posts says note after note, one or a few in a post, until the context ends: each
// until it is taken, and now and then once more.
func (p *sender) posts(ctx context.Context, url string, rng *rand.Rand) error {
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		if err := p.say(ctx, 1+rng.IntN(5)); err != nil {
			return ended(ctx, err)
		}
		if err := p.deliver(ctx, client, url, rng); err != nil {
			return ended(ctx, err)
		}
	}
	return nil
}

// deliver posts what is not taken yet.
func (p *sender) deliver(ctx context.Context, client *http.Client, url string, rng *rand.Rand) error {
	for p.taken.Load() < p.said {
		list, err := p.journal.Reader().After(ctx, p.taken.Load(), 100)
		if err != nil {
			return err
		}
		var body []byte
		for _, m := range list {
			body = append(append(body, m.Wire...), '\n')
		}
		last := list[len(list)-1].Seq
		sign := func(h http.Header) { p.secrets.Sign(h, fmt.Sprint(p.name, "-", last), time.Now(), body) }
		switch code := post(ctx, client, url, body, sign); {
		case code == http.StatusOK:
			p.taken.Store(last)
			if rng.IntN(3) == 0 && post(ctx, client, url, body, sign) == http.StatusOK {
				p.again.Add(1)
			}
		case code != 0 && code != http.StatusServiceUnavailable && code != http.StatusTooManyRequests:
			return trial.Broken(fmt.Errorf("%w: of %s, with %d", errWrong, p.name, code))
		default:
			if err := trial.Pause(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// errWrong is what no end of the trial excuses.
var errWrong = errors.New("a genuine post is refused")

func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, errWrong) {
		return nil
	}
	return err
}
