package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

// A daemon is a mail2bus that runs for us.
type daemon struct {
	*trial.Site
	*trial.Victim
	endpoint string
	maildir  trial.Maildir
	started  time.Duration
}

const configuration = `[bus]
name = "mail2bus.bench"
publish = [%q]
journal = %q
heartbeat = "1s"
[sign]
backend = %q
certificate = %q
key = %q
[mail]
maildir = [%q]
`

func (b *bench) start(ctx context.Context, signed bool) (*daemon, error) {
	at, err := trial.NewSite(filepath.Join(b.dir, signing(signed)), b.dir)
	if err != nil {
		return nil, err
	}
	address, err := ports.Address()
	if err != nil {
		return nil, err
	}
	d := &daemon{Site: at, Victim: at.Daemon("mail2bus", "run"), endpoint: "tcp://" + address, maildir: trial.Maildir(at.Path("maildir"))}
	if err := d.maildir.Make(); err != nil {
		return nil, err
	}
	backend := "none"
	if signed {
		backend = "x509"
	}
	pair := filepath.Join(b.dir, "keys", "bench.example.org")
	if err := d.Configure("mail2bus", configuration, d.endpoint, d.Path("journal.db"), backend, pair+".crt", pair+".key", d.maildir); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := d.Start(); err != nil {
		return nil, err
	}
	if err := trial.AwaitListener(ctx, address); err != nil {
		return nil, errors.Join(err, d.End())
	}
	d.started = time.Since(began)
	return d, nil
}
