// Package trigger is `bus trigger`: it runs a command for each event, at least once,
// and for each publisher in order.
//
// A dispatcher takes what a subscriber hands out, and runs a [runner] for each event:
// one at a time for each publisher, and so many in all. What fails is tried again, and
// then kept in the folder --poison, until a person has had a look.
//
// Not here: how messages come, are repaired and remembered (common/subscribe).
package trigger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"busbar/bus/config"
	"busbar/bus/filter"
	"busbar/common/backoff"
	"busbar/common/child"
	shared "busbar/common/config"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/subscribe"
)

// Command is `bus trigger`.
type Command struct {
	Trigger trigger `cmd:"" help:"Run a command for each event, which gets it on standard input and in its environment; what fails is tried again."`
}

type trigger struct {
	Command  []string `arg:"" passthrough:"partial" help:"The command and its arguments, behind --. It gets the message as a line of JSON on standard input, and EVENT_TOPIC, EVENT_ID, EVENT_TITLE and others in its environment. Its exit code 0 says that the event is handled."`
	Endpoint []string `help:"Publisher to follow, such as tcp://127.0.0.1:9940. May be repeated. Default: [bus] subscribe and discover." placeholder:"ENDPOINT"`
	filter.Filter
	Position string        `help:"Miss nothing: remember in this file what is handled, and go on there, with what was said meanwhile. Without it, what is said while this does not run is missed." placeholder:"FILE" type:"path"`
	From     string        `help:"Where to begin with a publisher of whom --position knows nothing: now; start, which is the oldest message that it keeps; or a time, such as 2026-01-31T12:00:00Z, 2026-01-31 or 2h (ago). Default: now." placeholder:"now|start|TIME"`
	Jobs     int           `help:"How many commands may run at once; for each publisher one, in order." placeholder:"N" default:"1"`
	Timeout  time.Duration `help:"A command that takes longer has failed, and is ended with all that it started. 0s: it may take its time." placeholder:"D" default:"0s"`
	Pause    time.Duration `help:"Pause before a command that failed is run again; twice as long after each further failure, up to five minutes." placeholder:"D" default:"1s"`
	Poison   string        `help:"Keep an event whose command failed --attempts times in this folder, with the reason, and go on. Move its file into the folder's retry/ to have it tried again. Without it, the event is tried until it is handled, and holds up its publisher." placeholder:"DIR" type:"path"`
	Attempts int           `help:"How often a command may fail before its event is kept in --poison." placeholder:"N" default:"5"`
	Gaps     bool          `help:"Run the command also for messages that are missing for good: EVENT_GAP says why."`
	Count    int           `help:"End after this many events." placeholder:"N"`
	JSON     bool          `help:"Print what came of each run as one line of JSON."`
	config.Trust
	NoVerify bool `help:"Follow without verifying: anybody can have said anything. Without it an authority is needed."`
}

// mostPause bounds the pauses between two tries.
const mostPause = 5 * time.Minute

// Run runs commands until told to stop.
func (c *trigger) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	if err := c.check(cfg.Bus); err != nil {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	from, err := config.Begin(c.From, "triggering", time.Now())
	if err != nil {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	path, err := exec.LookPath(c.Command[0])
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("triggering: the command cannot be run: %w", err)}
	}
	verifier, err := c.Required(p, cfg.Sign, c.NoVerify, "triggering", "follows")
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	c.Hint(p.Stderr, cfg.Bus.Prefix)
	log := g.Logger(p)
	d := &dispatcher{
		prefix: cfg.Bus.Prefix, takes: c.Filter, gaps: c.Gaps, count: c.Count, jobs: c.Jobs, attempts: c.Attempts, most: maxHeld,
		pauses: backoff.Times{First: c.Pause, Most: max(c.Pause, mostPause)}, log: log, report: newReporter(p, c.JSON),
		run: (&runner{Runner: child.Runner{Path: path, Args: c.Command, Timeout: c.Timeout, Out: p.Stderr, Log: log}, prefix: cfg.Bus.Prefix, environ: os.Environ()}).run,
	}
	if c.Poison != "" {
		if d.poison, err = openPoison(c.Poison); err != nil {
			return exit.Of(err)
		}
	}
	program.SoftMemory(program.FollowMemory)
	ctx, kill, stop := endings(p.Base(), log)
	defer stop()
	return c.follow(ctx, kill, d, subscribe.Options{Publishers: c.Endpoint, Hubs: cfg.Bus.Hubs, Verifier: verifier, File: c.Position, From: from, Window: window, Log: log})
}

// check completes the command line, and reports what makes no sense in it.
func (c *trigger) check(bus shared.Bus) error {
	if len(c.Command) > 0 && c.Command[0] == "--" {
		c.Command = c.Command[1:]
	}
	if len(c.Endpoint) == 0 {
		c.Endpoint = bus.Publishers()
	}
	switch {
	case len(c.Command) == 0:
		return errors.New("triggering: no command (bus trigger [flags] -- COMMAND ARGUMENTS)")
	case len(c.Endpoint) == 0:
		return errors.New("triggering: no endpoint (give --endpoint, or set [bus] subscribe)")
	case c.Jobs < 1 || c.Attempts < 1 || c.Count < 0:
		return errors.New("triggering: --jobs, --attempts and --count must be more than 0")
	case c.Timeout < 0 || c.Pause <= 0:
		return errors.New("triggering: --pause must be more than 0, and --timeout not less")
	}
	return nil
}

// follow subscribes, and has the dispatcher run the commands.
func (c *trigger) follow(ctx, kill context.Context, d *dispatcher, o subscribe.Options) error {
	if o.File == "" { // for this time
		dir, err := os.MkdirTemp("", "bus-trigger-")
		if err != nil {
			return fmt.Errorf("triggering: %w", err)
		}
		defer os.RemoveAll(dir)
		o.File = filepath.Join(dir, "position")
	}
	s, err := subscribe.Open(ctx, o)
	if err != nil {
		return program.Begun(ctx, &exit.Error{Code: exit.Config, Err: err})
	}
	d.source = s
	err = d.serve(ctx, kill)
	return errors.Join(err, s.Close())
}
