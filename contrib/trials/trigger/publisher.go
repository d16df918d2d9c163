package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/sign"
	"busbar/common/wire"
	"busbar/contrib/trials/trial"
)

// A publisher says something all the time, as long as it is not far ahead of what is
// handled.
type publisher struct {
	name     string
	endpoint string
	journal  *journal.Journal
	said     int64
}

// ahead is how far.
const ahead = 10

var kind = event.Define("trial.note.create", "a note", func(n int64) string { return fmt.Sprint("note ", n) }, nil)

// publish starts a publisher. wg ends with it.
func publish(ctx context.Context, wg *sync.WaitGroup, dir, name string, ca *sign.CA) (*publisher, error) {
	certificate, key, err := ca.Issue(name, 7)
	if err != nil {
		return nil, err
	}
	signer, err := sign.LoadSigner(certificate, key)
	if err != nil {
		return nil, err
	}
	id := journal.Identity{Prefix: "org.example", Environment: "dev", Name: name, Username: "trial"}
	j, err := journal.Open(ctx, journal.Options{Path: filepath.Join(dir, name+".db"), Identity: id, Seal: signer.Seal})
	if err != nil {
		return nil, err
	}
	server := replay.New(replay.Journal{Reader: j.Reader(), Publisher: name, Epoch: j.Epoch()}, nil)
	bound := make(chan string, 1)
	p := &publisher{name: name, journal: j}
	w := &wire.Publisher{
		Journal: j, Identity: id, Seal: signer.Seal, Sink: "zmq", Every: time.Second,
		Listen: wire.PubOptions{Endpoints: []string{"tcp://127.0.0.1:0"}, Exchange: server.Serve},
		State: func(pub *wire.Pub, err error) {
			if err == nil && len(bound) == 0 {
				bound <- pub.Endpoints()[0]
			}
		},
	}
	wg.Go(func() {
		_ = w.Run(ctx) // it ends with ctx alone
		_ = j.Close()
	})
	select {
	case p.endpoint = <-bound:
	case <-time.After(trial.Patience):
		err = fmt.Errorf("%s never listens", name)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return p, err
}

// speak says what is due.
func (p *publisher) speak(ctx context.Context, handled int64) error {
	var events []event.Event
	for ; p.said < handled+ahead; p.said++ {
		events = append(events, event.Event{Kind: kind, Key: fmt.Sprint(p.name, p.said), Time: time.Now(), Body: p.said + 1})
	}
	if len(events) == 0 {
		return nil
	}
	_, err := p.journal.Append(ctx, journal.Record{Origin: "trial", Received: time.Now(), Events: events})
	return err
}
