// Package status is `bus status`: the whole bus on one screen. It gathers what
// publishers say (bus/survey), what hubs say of them, and what local programs' journals
// hold; a program may read the same as JSON.
package status

import (
	"context"
	"errors"
	"os/signal"
	"syscall"
	"time"

	"busbar/bus/config"
	"busbar/bus/screen"
	"busbar/bus/survey"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

// Command is `bus status`.
type Command struct {
	Status status `cmd:"" help:"Show the whole bus on one screen: publishers, hubs, what forwards them and tells people, local journals, and what is not as it should be."`
}

type status struct {
	Endpoint []string      `help:"Endpoint to look at, or a place where publishers are found. May be repeated. Default: [bus] subscribe and discover." placeholder:"ENDPOINT"`
	Hub      []string      `help:"Hub to ask, such as http://127.0.0.1:9480. May be repeated. Default: [hub] listen, if it answers." placeholder:"URL"`
	Forward  []string      `help:"Address of a bus forward to ask, such as http://127.0.0.1:9482. May be repeated. Default: [forward] listen, where [forward] to is set." placeholder:"URL"`
	Notify   []string      `help:"Address of a bus notify to ask, such as http://127.0.0.1:9483. May be repeated. Default: [notify] listen, where a destination is configured." placeholder:"URL"`
	Journals string        `help:"Folder with the journals of this machine's programs." default:"/var/lib/busbar" placeholder:"DIR" type:"path"`
	Watch    bool          `help:"Show it again and again, until interrupted."`
	Every    time.Duration `help:"How often, with --watch." default:"3s" placeholder:"D"`
	Wait     time.Duration `help:"How long to wait at most for heartbeats, without --watch. Default: [bus] heartbeat and 5s more." placeholder:"D"`
	JSON     bool          `help:"Print one JSON object; with --watch one a line, each time."`
	config.Trust
}

// Run shows the bus once, or until told to stop. Once, the exit code says whether all
// is well, as that of bus endpoints does.
func (c *status) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	verifier, err := c.Verifier(p, cfg.Sign)
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	if len(c.Endpoint) == 0 {
		c.Endpoint = cfg.Bus.Publishers()
	}
	if c.Every < time.Second/2 {
		return &exit.Error{Code: exit.Usage, Err: errors.New("looking at the bus: --every must be at least 500ms")}
	}
	gather := &gatherer{
		topics: cfg.Bus.Prefix + "." + cfg.Bus.Environment, hubs: survey.HubsOf(c.Hub, cfg.Hub.Listen),
		forwards: survey.ForwardsOf(c.Forward, cfg.Forward.To, cfg.Forward.Listen),
		notifies: survey.NotifiesOf(c.Notify, cfg.Notify.Configured(), cfg.Notify.Listen),
		journals: func() []string { return survey.JournalsIn(c.Journals, g.Source(p).Etc()) },
	}
	program.SoftMemory(program.FollowMemory)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	beat := time.Duration(cfg.Bus.Heartbeat)
	if len(c.Endpoint) > 0 {
		if gather.observer, err = survey.Start(ctx, survey.Options{Publishers: c.Endpoint, Verifier: verifier, Beat: beat}); err != nil {
			return &exit.Error{Code: exit.Config, Err: err}
		}
		defer gather.observer.Close()
	}
	if c.Watch {
		return c.watch(ctx, p, gather)
	}
	if c.Wait <= 0 {
		c.Wait = beat + 5*time.Second
	}
	if gather.observer != nil {
		gather.observer.Wait(ctx, c.Wait, screen.Waiting(p, "%d of %d publishers have said their newest number…"))
	}
	s := gather.state(context.WithoutCancel(ctx))
	if err := c.print(p, s); err != nil {
		return err
	}
	var failed *exit.Error
	if errors.As(program.Failed(s.Findings), &failed) {
		return &exit.Error{Code: failed.Code, Err: errors.New("looking at the bus: not all is well")}
	}
	return nil
}

func (c *status) print(p *program.Env, s state) error {
	if c.JSON {
		return program.PrintJSON(p.Stdout, s)
	}
	return s.write(p.Stdout, screen.Of(p))
}

// watch shows the bus again and again.
func (c *status) watch(ctx context.Context, p *program.Env, gather *gatherer) error {
	if c.JSON || !p.Terminal() {
		for first := true; ; first = false {
			if !first && !c.JSON {
				show.Fprintln(p.Stdout)
			}
			if err := c.print(p, gather.state(ctx)); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(c.Every):
			}
		}
	}
	return screen.Redraw(ctx, p, c.Every, func(ctx context.Context) screen.Drawing { return gather.state(ctx).write })
}
