package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"busbar/bus/config"
	"busbar/bus/kinds"
	"busbar/common/archive"
	"busbar/common/condition"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/common/sign"
)

// Command is `bus hub`.
type Command struct {
	Hub hub `cmd:"" help:"Follow the bus, keep all that is said in an archive, and serve it by HTTP."`
}

type hub struct {
	config.Trust
	NoVerify bool `help:"Keep messages without verifying them: anybody can have said anything. Without it an authority is needed."`
}

const (
	pruneEvery = time.Hour
	hubMemory  = 256 << 20
	hubGrowth  = 40 // % that memory may grow until it is collected
)

// Run serves until told to stop.
func (c *hub) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	if err := cfg.Hub.Complete(); err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	if len(cfg.Bus.Publishers())+len(cfg.Hub.Relay) == 0 && !cfg.Hub.Pushed() {
		return &exit.Error{Code: exit.Config, Err: errors.New("starting the hub: nobody to follow (set [bus] subscribe or discover, or [hub] push or relay)")}
	}
	verifier, err := c.Required(p, cfg.Sign, c.NoVerify, "starting the hub", "keeps")
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	program.SoftMemory(hubMemory)
	if os.Getenv("GOGC") == "" {
		// With many listeners, what lives is long-lived: collecting more often costs little
		// and saves a sixth.
		debug.SetGCPercent(hubGrowth)
	}
	ctx, hangup, stop := p.Signals()
	defer stop()
	log := g.Logger(p)
	go func() { // its configuration is read at the start alone
		for range hangup {
			log.Info("a new configuration takes a restart")
		}
	}()
	present, err := kinds.Present()
	if err != nil {
		return err
	}
	a, err := archive.Open(ctx, archive.Options{
		Path: cfg.Hub.Archive, Log: log, States: present, Making: making(log),
		Retention: archive.Retention{Age: time.Duration(cfg.Hub.KeepAge), Bytes: int64(cfg.Hub.KeepSize)},
	})
	if err != nil {
		return program.Begun(ctx, &exit.Error{Code: codeOf(err), Err: err})
	}
	return errors.Join(program.Begun(ctx, c.serve(ctx, p, cfg, a, verifier, log)), a.Close())
}

// making says now and then how far the archive's indices are, which may take longer than
// a start may.
func making(log *slog.Logger) func(at, newest int64) {
	var said time.Time
	return func(at, newest int64) {
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			text := fmt.Sprintf("makes the archive's indices again: up to arrival %d of %d", at, newest)
			program.Starting(log, text)
			log.Info("making the archive's indices again", "arrival", at, "newest", newest)
		}
	}
}

// codeOf is how the program ends where the archive cannot be opened.
func codeOf(err error) int {
	for _, stays := range []error{archive.ErrForeign, archive.ErrNewer, archive.ErrCorrupt} {
		if errors.Is(err, stays) {
			return exit.Config
		}
	}
	return exit.TempFail
}

func (c *hub) serve(ctx context.Context, p *program.Env, cfg config.Config, a *archive.Archive, v *sign.Verifier, log *slog.Logger) error {
	conditions, heartbeats := &condition.Set{}, newBeats()
	in, err := newIntake(ctx, cfg, a, v, heartbeats, log)
	if err != nil {
		return err
	}
	defer in.close()
	tasks := []program.Task{
		{Name: "the intake", Run: in.run},
		{Name: "the retention", Run: func(ctx context.Context) error { return prune(ctx, a, log) }},
	}
	spoken, more := speak(cfg, a, heartbeats, conditions, log)
	tasks = append(tasks, more...)
	o := serverOptions{
		Prefix: cfg.Bus.Prefix, Clients: cfg.Hub.Clients, ClientsPerPeer: cfg.Hub.ClientsPerPeer,
		Lease: time.Duration(cfg.Hub.Lease), Log: log, Out: spoken, Collectors: append(in.collectors(), spoken.collectors()...),
		Intake: func() intakeStatus { return in.status().with(conditions.All()) },
	}
	if o.TLS, err = tlsConfig(cfg.Hub.Certificate, cfg.Hub.Key, cfg.Hub.PushCA, log); err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	brought := newStore(a, in.follows)
	if cfg.Hub.Pushed() || len(cfg.Hub.Relay) > 0 {
		tasks = append(tasks, program.Task{Name: "storing what is brought", Run: brought.run})
	}
	if len(cfg.Hub.Relay) > 0 {
		o.Relay = newRelay(cfg.Hub.Relay, v, brought, conditions, log)
		o.Collectors = append(o.Collectors, o.Relay)
		tasks = append(tasks, program.Task{Name: "the relay", Run: o.Relay.run})
	}
	if cfg.Hub.Pushed() {
		senders, err := newSenders(cfg.Hub.Push, cfg.Hub.PushTokens, log)
		if err != nil {
			return &exit.Error{Code: exit.Config, Err: err}
		}
		o.Push = newPush(senders, v, brought, log, cfg.Hub.ClientsPerPeer >= cfg.Hub.Clients)
		o.Collectors = append(o.Collectors, o.Push.counts)
	}
	seen, end, err := watchCanaries(ctx, p, cfg, a, heartbeats, log)
	if err != nil {
		return err
	}
	defer end()
	o.Badges = cfg.Hub.Badges
	o.Canaries, tasks = seen, append(tasks, seen.tasks...)
	s, err := newServer(ctx, a, o)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Hub.Listen)
	if err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("listening at [hub] listen: %w", err)}
	}
	scheme := "http://"
	if o.TLS != nil {
		scheme = "https://"
	}
	log.Info("the hub serves", "address", scheme+listener.Addr().String(), "archive", cfg.Hub.Archive)
	return program.Serve(ctx, log, func() string { return s.line(ctx) },
		append(tasks, program.Task{Name: "the web server", Run: func(ctx context.Context) error { return s.serve(ctx, listener) }})...)
}

// line is what systemctl status shows.
func (s *server) line(ctx context.Context) string {
	if err := s.o.Intake().failure(); err != nil {
		return "ERROR: " + err.Error()
	}
	_, newest, err := s.archive.Range(ctx)
	if err != nil {
		return "ERROR: " + err.Error()
	}
	return show.Sprintf("%d arrivals in the archive, %d listeners", newest, s.streams.count())
}

func prune(ctx context.Context, a *archive.Archive, log *slog.Logger) error {
	for {
		n, err := a.Prune(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			log.Warn("the archive cannot be pruned; trying again", "error", err)
		} else if n > 0 {
			log.Info("archive pruned", "messages", n)
		}
		if !sleep(ctx, pruneEvery) {
			return ctx.Err()
		}
	}
}
