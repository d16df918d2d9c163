package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/canary"
	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/drain"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/sign"
	"busbar/common/wire"
)

// A Node is an adapter's place on the bus: its journal, its signer and its
// publisher.
type Node struct {
	Journal *journal.Journal
	// Conditions are what is not as it should be. /healthz, /metrics, systemd's
	// status line, `status` and `check` show them.
	Conditions *condition.Set
	Log        *slog.Logger

	id      journal.Identity
	outlook Outlook
	bus     config.Bus
	signer  atomic.Pointer[sign.Signer] // nil: nothing is signed
	started time.Time
	now     func() time.Time // the clock; tests have their own
	jumped  time.Time        // when the clock did last; of lookAround alone

	metrics *metrics
	replay  *replay.Server
	sinks   []*drain.Drain // beside the publisher's
	keepers []*canary.Keeper

	mu        sync.Mutex
	publisher *wire.Publisher
	pub       *wire.Pub
	err       error // why nothing is published now
}

const (
	pruneEvery = 10 * time.Minute
	// settle is what subscribers of an earlier run get to reconnect in; they
	// redial within this time when they are alive.
	settle = 2 * time.Second
	Sink   = "zmq"
)

// New opens the signer and the journal. Nothing is published before Run. An
// error has the exit code of what is wrong (see exit.Of).
func New(ctx context.Context, program string, bus config.Bus, sc config.Sign, log *slog.Logger) (*Node, error) {
	n := &Node{
		Conditions: &condition.Set{}, id: Identity(program, bus), outlook: Outlook{Program: program, Bus: bus, Sign: sc},
		bus: bus, Log: log, started: time.Now(), now: time.Now,
	}
	signer, err := sc.Signer()
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: err}
	}
	if n.signer.Store(signer); signer == nil {
		log.Warn("messages are not signed: [sign] backend is none (for development only)")
	}
	n.Journal, err = journal.Open(ctx, journal.Options{
		Path: bus.Journal, Identity: n.id, Seal: n.seal(), Compat: bus.Compat,
		Retention: journal.Retention{Age: time.Duration(bus.KeepAge), Bytes: int64(bus.KeepSize)},
		Poison:    journal.PoisonBounds{Items: int64(bus.PoisonItems), Bytes: int64(bus.PoisonSize)},
		Log:       log,
	})
	if errors.Is(err, journal.ErrLocked) {
		err = fmt.Errorf("%w (does the daemon run?)", err)
	}
	if err != nil {
		return nil, exit.Of(err)
	}
	n.replay = replay.New(replay.Journal{Reader: n.Journal.Reader(), Publisher: bus.Name, Epoch: n.Journal.Epoch()}, log)
	n.metrics = newMetrics(program, n)
	n.Conditions.Watch(n.own)
	return n, nil
}

// seal signs with the key of the moment, or is nil where nothing is signed.
func (n *Node) seal() func(*event.Encoded) error {
	if n.signer.Load() == nil {
		return nil
	}
	return func(m *event.Encoded) error { return n.signer.Load().Seal(m) }
}

// Identity is who publishes, as every message says it.
func Identity(program string, bus config.Bus) journal.Identity {
	return journal.Identity{Prefix: bus.Prefix, Environment: bus.Environment, Name: bus.Name, Username: program}
}

// Run publishes, forgets old messages and serves metrics until ctx ends. An
// unusable endpoint never stops it (see Err).
func (n *Node) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	if len(n.bus.Publish) > 0 {
		n.Journal.Use(Sink) // before the first prune
	}
	for _, d := range n.sinks {
		n.Journal.Use(d.Name)
		wg.Go(func() { d.Run(ctx) })
	}
	wg.Go(func() { n.prune(ctx) })
	wg.Go(func() { n.answer(ctx) })
	wg.Go(func() { n.lookAround(ctx) })
	wg.Go(func() { n.drops(ctx) })
	wg.Go(func() { n.audit(ctx) })
	if n.bus.Metrics != "" {
		wg.Go(func() { n.metrics.serve(ctx, n, n.bus.Metrics) })
	}
	if len(n.bus.Replay) > 0 {
		wg.Go(func() { n.listenReplay(ctx) })
	}
	defer wg.Wait()
	if len(n.bus.Publish) == 0 {
		if len(n.sinks) == 0 {
			n.Log.Warn("nothing is published: [bus] publish is empty; the journal keeps all")
		}
		<-ctx.Done()
		return nil
	}
	p := &wire.Publisher{
		Journal: n.Journal, Identity: n.id, Seal: n.seal(), Sink: Sink,
		Listen: wire.PubOptions{Endpoints: n.bus.Publish, Log: n.Log, Exchange: n.replay.Serve},
		Every:  time.Duration(n.bus.Heartbeat), Settle: settle, Log: n.Log, State: n.state,
	}
	n.mu.Lock()
	n.publisher = p
	n.mu.Unlock()
	return p.Run(ctx)
}

func (n *Node) state(pub *wire.Pub, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pub, n.err = pub, err
	if pub != nil {
		n.Log.Info("publishing", "endpoints", pub.Endpoints())
	}
}

// Err is why nothing is published now, or nil.
func (n *Node) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// Unsent is how many messages of the journal wait to be sent.
func (n *Node) Unsent(ctx context.Context) (int64, error) {
	newest, err := n.Journal.Reader().LastSeq(ctx)
	if err != nil {
		return 0, err
	}
	cursors, err := n.Journal.Reader().Cursors(ctx)
	if err != nil {
		return 0, err
	}
	return max(0, newest-cursors[Sink]), nil
}

// Backlog is how many messages wait to be sent, as this process knows it now; 0 where
// none are sent. Unsent, which the journal knows, is a second behind.
func (n *Node) Backlog(ctx context.Context) (int64, error) {
	published := n.published()
	if published == 0 || n.Err() != nil {
		return 0, nil
	}
	newest, err := n.Journal.Reader().LastSeq(ctx)
	return max(0, newest-published), err
}

// published is the number of the newest message that went out, as far as this
// process knows.
func (n *Node) published() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.publisher == nil {
		return 0
	}
	return n.publisher.Newest()
}

// prune forgets what is older or more than the configuration keeps.
func (n *Node) prune(ctx context.Context) {
	if n.bus.KeepAge == 0 && n.bus.KeepSize == 0 {
		return
	}
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		if _, err := n.Journal.Prune(ctx); err != nil && !errors.Is(err, context.Canceled) {
			n.Log.Warn("old messages could not be deleted; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// audit reads the whole journal once, beside the work: a start reads its end
// alone.
func (n *Node) audit(ctx context.Context) {
	began := time.Now()
	report, err := n.Journal.Audit(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil && report.OK():
		n.Log.Error("journal could not be checked", "error", err)
	case err == nil:
		n.Log.Debug("journal checked", "messages", report.Messages, "took", time.Since(began))
	}
}

// Close closes the journal.
func (n *Node) Close() error { return n.Journal.Close() }
