package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"busbar/bus/config"
	"busbar/common/archive"
	"busbar/common/canary"
	"busbar/common/drain"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/subscribe"
	"busbar/common/translate"
	"busbar/common/wire"
)

// An alarm is what the hub says itself: signed, numbered and kept in a journal of its
// own, from which it goes into the archive, and so to all who listen.
type alarm struct {
	journal  *journal.Journal
	drain    *drain.Drain
	identity journal.Identity
	seal     func(m *event.Encoded) error
	every    time.Duration
	log      *slog.Logger
}

// alarmsKept is for how long the journal has them, beside the archive.
const alarmsKept = 30 * 24 * time.Hour

// watchCanaries is the look at canaries, with its alarm where that is configured. end
// closes what it opened.
func watchCanaries(ctx context.Context, p *program.Env, cfg config.Config, a *archive.Archive, b *beats, log *slog.Logger) (c *canaries, end func(), err error) {
	c = newCanaries(cfg.Bus.Name, cfg.Hub.Canary.Ignore, time.Now, log)
	c.tasks = []program.Task{{Name: "the look at canaries", Run: c.run}}
	if !cfg.Hub.Canary.Alarm {
		return c, func() {}, nil
	}
	m, err := openAlarm(ctx, p, cfg, a, log)
	if err != nil {
		return nil, nil, err
	}
	c.alarm = m.say
	c.tasks = append(c.tasks, program.Task{Name: "the hub's own journal", Run: m.run},
		program.Task{Name: "the hub's own heartbeats", Run: func(ctx context.Context) error { return m.beat(ctx, b) }})
	return c, func() {
		if err := m.close(); err != nil {
			log.Error("the hub's own journal did not end well", "error", err)
		}
	}, nil
}

func openAlarm(ctx context.Context, p *program.Env, cfg config.Config, a *archive.Archive, log *slog.Logger) (*alarm, error) {
	signer, err := cfg.Sign.Signer()
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: fmt.Errorf("opening the hub's alarm ([hub.canary] alarm): %w", err)}
	}
	o := journal.Options{Path: cfg.Hub.Canary.Journal, Identity: node.Identity(p.Name, cfg.Bus), Retention: journal.Retention{Age: alarmsKept}, Log: log}
	if signer != nil {
		o.Seal = signer.Seal
	}
	j, err := journal.Open(ctx, o)
	if err != nil {
		return nil, exit.Of(err)
	}
	j.Use(intoArchive)
	return &alarm{
		journal: j, drain: &drain.Drain{Store: j, Sink: archived{a}, Name: intoArchive, Log: log},
		identity: o.Identity, seal: o.Seal, every: time.Duration(cfg.Bus.Heartbeat), log: log,
	}, nil
}

// intoArchive is the name of the way out.
const intoArchive = "archive"

func (m *alarm) run(ctx context.Context) error {
	if err := m.drain.Run(ctx); err != nil {
		return err
	}
	return ctx.Err()
}

// beat says the newest number now and then, to who follows the hub by ZeroMQ.
func (m *alarm) beat(ctx context.Context, to *beats) error {
	for {
		if m.every <= 0 {
			<-ctx.Done()
		}
		if !sleep(ctx, m.every) {
			return ctx.Err()
		}
		_, newest, err := m.journal.Reader().Span(ctx)
		if err != nil || newest == 0 {
			continue // who reads it otherwise says so
		}
		e, body, err := wire.Heartbeat(m.identity, m.journal.Epoch(), newest, m.every, false, m.seal)
		if err != nil {
			m.log.Warn("no heartbeat can be said of the hub's own journal", "error", err)
			continue
		}
		to.hear(subscribe.Heartbeat{Topic: e.Topic, Body: body, ID: e.MsgID, Publisher: e.Publisher, Epoch: e.Epoch, Newest: newest})
	}
}

func (m *alarm) close() error { return m.journal.Close() }

// say publishes what became of a channel's canaries.
func (m *alarm) say(ctx context.Context, c canary.Canary) error {
	e, err := c.Event()
	if err != nil {
		return err
	}
	_, err = m.journal.Append(ctx, journal.Record{Origin: "the hub's look at canaries", Translator: "canary", Item: translate.JSON(c), Events: []event.Event{e}})
	return err
}

// archived is the way from the journal into the archive.
type archived struct{ archive *archive.Archive }

// Open needs nothing.
func (s archived) Open(_ context.Context, link *drain.Link) (drain.Conn, error) {
	return archiving{s.archive, link}, nil
}

type archiving struct {
	archive *archive.Archive
	link    *drain.Link
}

// Send stores messages; what is stored is acknowledged.
func (s archiving) Send(ctx context.Context, batch []journal.Message) error {
	var b archive.Batch
	for _, m := range batch {
		in, err := archive.Read(m.Wire)
		if err != nil {
			return errors.Join(drain.ErrRefused, err)
		}
		b.Messages = append(b.Messages, in)
	}
	if _, err := s.archive.Append(ctx, b); err != nil {
		return err
	}
	s.link.Ack(batch[len(batch)-1].Seq)
	return nil
}

// Close has nothing to end.
func (archiving) Close() error { return nil }
