package trial

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
)

// A Publisher is one in the trial's own process, with a journal, which says notes and
// answers replay.
type Publisher struct {
	Name     string
	Endpoint string
	File     string // the journal's
	Said     int64  // the number of the newest note

	journal *journal.Journal
}

var noteKind = event.Define("trial.note.create", "a note", func(n int64) string { return fmt.Sprint("note ", n) }, nil)

// Publish starts a publisher whose journal is in dir. Where ca is nil, it signs
// nothing. wg ends with it.
func Publish(ctx context.Context, wg *sync.WaitGroup, dir, name string, ca *sign.CA) (*Publisher, error) {
	var seal func(*event.Encoded) error
	if ca != nil {
		certificate, key, err := ca.Issue(name, 7)
		if err != nil {
			return nil, err
		}
		signer, err := sign.LoadSigner(certificate, key)
		if err != nil {
			return nil, err
		}
		seal = signer.Seal
	}
	p := &Publisher{Name: name, File: filepath.Join(dir, name+".db")}
	id := journal.Identity{Prefix: "org.example", Environment: "dev", Name: name, Username: "trial"}
	var err error
	if p.journal, err = journal.Open(ctx, journal.Options{Path: p.File, Identity: id, Seal: seal}); err != nil {
		return nil, err
	}
	server := replay.New(replay.Journal{Reader: p.journal.Reader(), Publisher: name, Epoch: p.journal.Epoch()}, nil)
	bound := make(chan string, 1)
	w := &wire.Publisher{
		Journal: p.journal, Identity: id, Seal: seal, Sink: "zmq", Every: time.Second,
		Listen: wire.PubOptions{Endpoints: []string{"tcp://127.0.0.1:0"}, Exchange: server.Serve},
		State: func(pub *wire.Pub, err error) {
			if err == nil && len(bound) == 0 {
				bound <- pub.Endpoints()[0]
			}
		},
	}
	wg.Go(func() {
		_ = w.Run(ctx) // it ends with ctx alone
		_ = p.journal.Close()
	})
	select {
	case p.Endpoint = <-bound:
	case <-time.After(Patience):
		err = fmt.Errorf("%s never listens", name)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return p, err
}

// Speak says notes until the newest is number upTo.
func (p *Publisher) Speak(ctx context.Context, upTo int64) error {
	const together = 1000
	for p.Said < upTo {
		var events []event.Event
		for ; p.Said < upTo && len(events) < together; p.Said++ {
			events = append(events, event.Event{Kind: noteKind, Key: fmt.Sprint(p.Name, p.Said), Time: time.Now(), Body: p.Said + 1})
		}
		if err := p.Say(ctx, events...); err != nil {
			return err
		}
	}
	return nil
}

// Say says events of any kind.
func (p *Publisher) Say(ctx context.Context, events ...event.Event) error {
	_, err := p.journal.Append(ctx, journal.Record{Origin: "trial", Received: time.Now(), Events: events})
	return err
}
