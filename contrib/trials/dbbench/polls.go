package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

const config = `[bus]
journal = %q
metrics = %q
[sign]
backend = "none"
[db]
url = %q
interval = "1s"
full = %q
[[table]]
name = "state"
key = ["architecture", "package", "distribution"]
topic = "bench.state"
`

// polls measures the first poll, then those of a daemon.
func (b *bench) polls(ctx context.Context) error {
	address, err := ports.Address()
	if err != nil {
		return err
	}
	write := func(full string) error {
		return b.Configure("dbpoll", config, b.Path("journal.db"), address, b.server.URL("postgres", "postgres"), full)
	}
	if err := write("1s"); err != nil {
		return err
	}
	first := b.Command(ctx, "dbpoll", "poll")
	cpu, err := b.ended()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := first.Run(); err != nil {
		return fmt.Errorf("polling: %w", err)
	}
	took := time.Since(began)
	time.Sleep(200 * time.Millisecond)
	after, err := b.ended()
	if err != nil {
		return err
	}
	b.line("dbpoll: first poll, all rows are noted", took.Seconds(), after-cpu, rss(first.ProcessState))
	if err := b.daemon(ctx, address, func(d *daemon) error {
		for _, c := range []struct{ name, change string }{
			{"dbpoll: nothing changed, all compared", ""},
			{"dbpoll: 100 changes, all compared", "UPDATE state SET state = 'Needs-Build' WHERE architecture = 'arch1' AND package IN (SELECT 'package-' || i FROM generate_series(0, 99) i)"},
		} {
			if err := d.measure(ctx, c.name, c.change); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := write("24h"); err != nil {
		return err
	}
	return b.daemon(ctx, address, func(d *daemon) error { return d.cheap(ctx) })
}

// A daemon is a running dbpoll.
type daemon struct {
	b       *bench
	address string
}

func (b *bench) daemon(ctx context.Context, address string, use func(*daemon) error) (err error) {
	if err := b.dbpoll.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.dbpoll.Stop()) }()
	d := &daemon{b, address}
	if err := d.await(ctx, func(m map[string]float64) bool { return m["busbar_poll_polls_total"] >= 1 }, nil); err != nil {
		return err
	}
	return use(d)
}

// measure makes a change and shows the next whole poll.
func (d *daemon) measure(ctx context.Context, name, change string) error {
	if change != "" {
		if _, err := d.b.server.SQL(ctx, "postgres", "postgres", change); err != nil {
			return err
		}
	}
	var m map[string]float64
	if err := d.await(ctx, func(map[string]float64) bool { return true }, &m); err != nil {
		return err
	}
	// The poll after the next begins after the change.
	polls, changes := m["busbar_poll_polls_total"], m["busbar_poll_changes_total"]
	cpu, err := d.working(ctx)
	if err != nil {
		return err
	}
	err = d.await(ctx, func(m map[string]float64) bool {
		return m["busbar_poll_polls_total"] > polls && (change == "" || m["busbar_poll_changes_total"] >= changes+100)
	}, &m)
	if err != nil {
		return err
	}
	after, err := d.working(ctx)
	if err != nil {
		return err
	}
	n := m["busbar_poll_polls_total"] - polls
	d.b.line(name, m["busbar_poll_seconds"], (after-cpu)/n, m["process_resident_memory_bytes"]/(1<<20))
	return nil
}

// cheap shows polls that the server's counters made unnecessary.
func (d *daemon) cheap(ctx context.Context) error {
	var m map[string]float64
	err := d.await(ctx, func(m map[string]float64) bool { return m["busbar_poll_comparisons_saved_total"] >= 3 }, &m)
	if err != nil {
		return err
	}
	d.b.line("dbpoll: nothing written, by the counters", m["busbar_poll_seconds"], 0, m["process_resident_memory_bytes"]/(1<<20))
	return nil
}

var sample = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{[^}]*\})? ([0-9.e+-]+)$`)

// await reads the metrics until they are as wanted.
func (d *daemon) await(ctx context.Context, wanted func(map[string]float64) bool, into *map[string]float64) error {
	for {
		if m, err := d.metrics(); err == nil && wanted(m) {
			if into != nil {
				*into = m
			}
			return nil
		}
		if err := trial.Pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for dbpoll: %w", err)
		}
	}
}

func (d *daemon) metrics() (map[string]float64, error) {
	r, err := http.Get("http://" + d.address + "/metrics")
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	m := map[string]float64{}
	for _, s := range sample.FindAllStringSubmatch(string(page), -1) {
		if m[s[1]], err = strconv.ParseFloat(s[2], 64); err != nil {
			return nil, err
		}
	}
	return m, nil
}
