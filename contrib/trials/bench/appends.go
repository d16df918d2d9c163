package main

import (
	"context"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/sign"
)

type note struct {
	Text string `json:"text"`
}

// appends measures the journal: each append durable before the next, and many
// at once that share their fsync.
func (b *bench) appends(ctx context.Context) error {
	signer, err := b.signer()
	if err != nil {
		return err
	}
	for _, signed := range []bool{false, true} {
		o := journal.Options{
			Path:     filepath.Join(b.dir, "appends-"+strconv.FormatBool(signed)+".db"),
			Identity: journal.Identity{Prefix: "org.debian", Environment: "dev", Name: "bench", Username: "bench"},
		}
		if signed {
			o.Seal = signer.Seal
		}
		if err := b.appendTo(ctx, o, signed); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) appendTo(ctx context.Context, o journal.Options, signed bool) (err error) {
	j, err := journal.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := j.Close(); err == nil {
			err = cerr
		}
	}()
	kind := event.Define("bench.note.create", "a note", func(n note) string { return n.Text }, nil)
	next := 0
	record := func() journal.Record {
		next++
		e := event.Event{Kind: kind, Key: strconv.Itoa(next), Time: time.Unix(1.7e9, 0), Body: note{"a text of the usual length, as a title has"}}
		return journal.Record{Origin: "bench", Received: time.Now(), Events: []event.Event{e}}
	}
	began := time.Now()
	for time.Since(began) < b.each {
		if _, err := j.Append(ctx, record()); err != nil {
			return err
		}
	}
	line("journal appends, one by one, "+signing(signed), "%.0f/s", float64(next)/time.Since(began).Seconds())

	var wg sync.WaitGroup
	failed := make(chan error, 1)
	next0 := next
	began = time.Now()
	for time.Since(began) < b.each && ctx.Err() == nil {
		wg.Add(1)
		j.Submit(record(), func(_ journal.Result, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
			wg.Done()
		})
	}
	wg.Wait()
	line("journal appends, grouped, "+signing(signed), "%.0f/s", float64(next-next0)/time.Since(began).Seconds())
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}

func signing(signed bool) string {
	if signed {
		return "signed"
	}
	return "unsigned"
}

// signer is a publisher's, of an authority made for the occasion.
func (b *bench) signer() (*sign.Signer, error) {
	keys := filepath.Join(b.dir, "keys")
	ca, err := sign.CreateCA(keys, "Bench CA", 1)
	if err != nil {
		return nil, err
	}
	if _, err := ca.CRL(7); err != nil {
		return nil, err
	}
	crt, key, err := ca.Issue("bench.example.org", 7)
	if err != nil {
		return nil, err
	}
	return sign.LoadSigner(crt, key)
}
