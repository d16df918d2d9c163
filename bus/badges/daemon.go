package badges

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/bus/badges/award"
	"busbar/bus/badges/ledger"
	"busbar/bus/config"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/show"
)

// A daemon reads the archive, and says what people earned.
type daemon struct {
	cfg    config.Config
	ledger *ledger.Ledger
	source *source
	node   *node.Node
	log    *slog.Logger

	read, said atomic.Int64 // messages and awards, since the start
	behind     atomic.Int64 // messages that the archive has and nobody looked at
}

func (d *daemon) close() error {
	return errors.Join(d.source.Close(), d.node.Close(), d.ledger.Close())
}

// once reads all, and says all of it into the journal.
func (d *daemon) once(ctx context.Context) error {
	if err := d.catchUp(ctx); err != nil {
		return err
	}
	return d.say(ctx)
}

// pass is once for the daemon, which goes on after errors.
func (d *daemon) pass(ctx context.Context) {
	err := d.renewed(ctx)
	if err == nil {
		err = d.once(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	d.node.Conditions.Note("badges", err, "it is tried again; what the archive has is not lost")
}

// catchUp reads what is new in the archive.
func (d *daemon) catchUp(ctx context.Context) error {
	if d.ledger.Empty() {
		return nil
	}
	for {
		read, to, err := d.source.next(ctx, d.ledger.Position())
		if err != nil {
			return err
		}
		if to.again {
			if err := d.ledger.CopiesAgain(ctx); err != nil {
				return err
			}
			continue
		}
		if len(read) == 0 {
			d.behind.Store(0)
			return nil
		}
		if err := d.ledger.Apply(ctx, read, to.Position); err != nil {
			return err
		}
		d.read.Add(int64(len(read)))
		if _, newest, err := d.source.Range(ctx); err == nil {
			d.behind.Store(max(0, newest-to.N))
		}
	}
}

// saidAtOnce is how many awards are said in one record.
const saidAtOnce = 500

// late is how long after it was earned an award is said to have been found later.
const late = 24 * time.Hour

// say publishes awards that were not said. The journal has each once, should this be
// done twice.
func (d *daemon) say(ctx context.Context) error {
	for {
		list, err := d.ledger.Unsaid(ctx, saidAtOnce)
		if err != nil || len(list) == 0 {
			return err
		}
		now := time.Now()
		r := journal.Record{Origin: "badges", Translator: "badges", Received: now}
		for _, a := range list {
			e, err := eventOf(a, d.cfg.Badges.Site, now)
			if err != nil {
				return err
			}
			r.Events = append(r.Events, e)
		}
		if _, err := d.node.Journal.Append(ctx, r); err != nil {
			return fmt.Errorf("saying awards: %w", err)
		}
		if err := d.ledger.Said(ctx, list); err != nil {
			return err
		}
		d.said.Add(int64(len(list)))
	}
}

func eventOf(a ledger.Award, site string, now time.Time) (event.Event, error) {
	return award.Award{
		Badge: a.Badge, Title: a.Title, Text: a.Rule.Text, Level: a.Level, Key: a.Person, Name: a.Name,
		Earned: a.Time, Message: a.Message, Site: site, Found: now.Sub(a.Time) > late,
	}.Event()
}

// renewed opens the archive again where another file is in its place.
func (d *daemon) renewed(ctx context.Context) error {
	if d.source.there() {
		return nil
	}
	s, err := openSource(ctx, d.cfg.Badges.Archive, d.cfg.Bus.Prefix)
	if err != nil {
		return err
	}
	d.log.Info("there is another archive", "path", d.cfg.Badges.Archive)
	old := d.source
	d.source = s
	return errors.Join(old.Close(), d.ledger.Renew(ctx, s.Epoch()))
}

// reload reads the rules again. Wrong ones are reported, and the old ones stay in force.
func (d *daemon) reload(ctx context.Context) {
	set, err := rules(d.cfg)
	if err == nil {
		err = d.ledger.Use(ctx, set, d.cfg.Bus.Prefix, d.source.Epoch())
	}
	d.node.Conditions.Note("rules", err, "the rules that were read before stay in force")
	if err != nil {
		d.log.Error("the rules are wrong; those that were read before stay in force", "error", err)
		return
	}
	d.log.Info("the rules are read again", "badges", len(set.Badges), "opted out", len(set.OptOut))
}

// line is what systemctl status shows.
func (d *daemon) line() string {
	return show.Sprintf("%d messages read and %d awards said since the start; %d messages to read; %s", d.read.Load(), d.said.Load(), d.behind.Load(), d.node.Status())
}

var (
	readTotal = prometheus.NewDesc("busbar_badges_messages_total", "Messages of the archive that were looked at, since the start.", nil, nil)
	saidTotal = prometheus.NewDesc("busbar_badges_awards_total", "Awards that were said on the bus, since the start.", nil, nil)
	toRead    = prometheus.NewDesc("busbar_badges_behind", "Messages of the archive that were not looked at yet.", nil, nil)
)

// A collector tells Prometheus how far the daemon is.
type collector struct{ d *daemon }

// Describe names every metric.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{readTotal, saidTotal, toRead} {
		to <- d
	}
}

// Collect reads the counters.
func (c collector) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(readTotal, prometheus.CounterValue, float64(c.d.read.Load()))
	to <- prometheus.MustNewConstMetric(saidTotal, prometheus.CounterValue, float64(c.d.said.Load()))
	to <- prometheus.MustNewConstMetric(toRead, prometheus.GaugeValue, float64(c.d.behind.Load()))
}
