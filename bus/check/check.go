// Package check is `bus check`: what is wrong with the bus as this machine sees it,
// and what to do.
package check

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"busbar/bus/config"
	"busbar/bus/screen"
	"busbar/bus/survey"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/secret"
)

// Command is `bus check`.
type Command struct {
	Check check `cmd:"" help:"Check names, ports, keys, certificates' dates, clocks, journals, discovery, the hub, bus forward and bus notify: what is wrong, and what to do."`
}

type check struct {
	Endpoint []string      `help:"Endpoint to look at, or a place where publishers are found. May be repeated. Default: [bus] subscribe and discover." placeholder:"ENDPOINT"`
	Hub      []string      `help:"Hub to ask, such as http://127.0.0.1:9480. May be repeated. Default: [hub] listen." placeholder:"URL"`
	Forward  []string      `help:"Address of a bus forward to ask, such as http://127.0.0.1:9482. May be repeated. Default: [forward] listen, where [forward] to is set." placeholder:"URL"`
	Notify   []string      `help:"Address of a bus notify to ask, such as http://127.0.0.1:9483. May be repeated. Default: [notify] listen, where a destination is configured." placeholder:"URL"`
	Journals string        `help:"Folder with the journals of this machine's programs." default:"/var/lib/busbar" placeholder:"DIR" type:"path"`
	State    bool          `help:"Compare the newest states in the archive, or of a hub, with the sources' own instead: bugs with the tracker's, builds with the queue's, member by member."`
	Tracker  string        `help:"With --state: the bug tracker's SOAP address. Default: [check] tracker." placeholder:"URL"`
	Queue    string        `help:"With --state: the build queue's database. Default: [check] queue." placeholder:"URL"`
	Again    time.Duration `help:"With --state: what differs is looked at again after this time, since it may be under way. 0s: not." default:"10s" placeholder:"D"`
	Wait     time.Duration `help:"How long to wait at most for heartbeats. Default: [bus] heartbeat and 5s more." placeholder:"D"`
	JSON     bool          `help:"Print one JSON object a line."`
	config.Trust
}

// Run prints a line for each thing that was looked at. The exit code is that of an
// adapter's check: 78 if something stays wrong until somebody acts, 75 if it may pass.
func (c *check) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return errors.Join(program.PrintFindings(p, []program.Finding{program.Found("configuration", err, "")}, c.JSON), err)
	}
	if c.State {
		if c.Tracker != "" {
			cfg.Check.Tracker = secret.NewURL(c.Tracker)
		}
		if c.Queue != "" {
			cfg.Check.Queue = secret.NewURL(c.Queue)
		}
		if err := cfg.Hub.Complete(); err != nil {
			return &exit.Error{Code: exit.Config, Err: err}
		}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		return c.state(ctx, p, cfg)
	}
	if len(c.Endpoint) == 0 {
		c.Endpoint = cfg.Bus.Publishers()
	}
	if c.Wait <= 0 {
		c.Wait = time.Duration(cfg.Bus.Heartbeat) + 5*time.Second
	}
	cfg.Sign = c.Over(cfg.Sign)
	program.SoftMemory(program.FollowMemory)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	findings := []program.Finding{{What: "configuration", Level: "ok", Detail: fmt.Sprintf("%s.%s.…; places where publishers are: %d", cfg.Bus.Prefix, cfg.Bus.Environment, len(c.Endpoint))}}
	verifier, keys := checkKeys(cfg.Sign, time.Now())
	findings = append(findings, keys...)
	if len(c.Endpoint) == 0 {
		findings = append(findings, program.Finding{What: "discovery", Level: "warn", Detail: "nobody is followed (set [bus] subscribe or discover)"})
	} else {
		o, err := survey.Start(ctx, survey.Options{Publishers: c.Endpoint, Verifier: verifier, Beat: time.Duration(cfg.Bus.Heartbeat)})
		if err != nil {
			findings = append(findings, program.Found("discovery", err, ""))
		} else {
			o.Wait(ctx, c.Wait, screen.Waiting(p, "%d of %d publishers have said their newest number…"))
			findings = append(findings, publishers(o.Report())...)
			if err := o.Close(); err != nil {
				return err
			}
		}
	}
	ctx = context.WithoutCancel(ctx)
	findings = append(findings, checkJournals(ctx, survey.JournalsIn(c.Journals, g.Source(p).Etc()))...)
	findings = append(findings, checkHubs(ctx, survey.HubsOf(c.Hub, cfg.Hub.Listen), cfg.Hub)...)
	findings = append(findings, checkForwards(ctx, survey.ForwardsOf(c.Forward, cfg.Forward.To, cfg.Forward.Listen))...)
	findings = append(findings, checkNotifies(ctx, survey.NotifiesOf(c.Notify, cfg.Notify.Configured(), cfg.Notify.Listen))...)
	return program.PrintFindings(p, findings, c.JSON)
}
