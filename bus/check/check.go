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
	"busbar/common/program"
)

// Command is `bus check`.
type Command struct {
	Check check `cmd:"" help:"Check names, ports, keys, certificates' dates, clocks, journals, discovery and the hub: what is wrong, and what to do."`
}

type check struct {
	Endpoint []string      `help:"Endpoint to look at, or a place where publishers are found. May be repeated. Default: [bus] subscribe and discover." placeholder:"ENDPOINT"`
	Hub      []string      `help:"Hub to ask, such as http://127.0.0.1:9480. May be repeated. Default: [hub] listen." placeholder:"URL"`
	State    string        `help:"Folder with the journals of this machine's programs." default:"/var/lib/busbar" placeholder:"DIR" type:"path"`
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
	findings = append(findings, checkJournals(ctx, survey.JournalsIn(c.State, g.Source(p).Etc()))...)
	findings = append(findings, checkHubs(ctx, survey.HubsOf(c.Hub, cfg.Hub.Listen), cfg.Hub)...)
	return program.PrintFindings(p, findings, c.JSON)
}
