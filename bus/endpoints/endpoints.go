// Package endpoints is `bus endpoints`: whom discovery finds, who answers, and who
// claims to be another.
package endpoints

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

// Command is `bus endpoints`.
type Command struct {
	Endpoints endpoints `cmd:"" help:"Look at all publishers: where they are found, who answers with which sockets, whose certificate, how old the newest heartbeat is, and who claims to be another."`
}

type endpoints struct {
	Endpoint []string      `help:"Endpoint to look at, such as tcp://127.0.0.1:9940, or a place where publishers are found, such as file:PATH. May be repeated. Default: [bus] subscribe and discover." placeholder:"ENDPOINT"`
	Wait     time.Duration `help:"How long to wait at most until each publisher has said its newest number. Default: [bus] heartbeat and 5s more." placeholder:"D"`
	JSON     bool          `help:"Print one JSON object."`
	config.Trust
}

// Run looks once, and fails where something is wrong: 78 where it stays so until
// somebody acts, 75 where it may pass.
func (c *endpoints) Run(p *program.Env, g *program.Globals) error {
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
	if len(c.Endpoint) == 0 {
		return &exit.Error{Code: exit.Usage, Err: errors.New("looking at publishers: no endpoint (give --endpoint, or set [bus] subscribe or discover)")}
	}
	beat := time.Duration(cfg.Bus.Heartbeat)
	if c.Wait <= 0 {
		c.Wait = beat + 5*time.Second
	}
	program.SoftMemory(program.FollowMemory)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o, err := survey.Start(ctx, survey.Options{Publishers: c.Endpoint, Verifier: verifier, Beat: beat})
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	o.Wait(ctx, c.Wait, screen.Waiting(p, "%d of %d have said their newest number…"))
	r := o.Report()
	if err := o.Close(); err != nil {
		return err
	}
	if c.JSON {
		if err := program.PrintJSON(p.Stdout, r); err != nil {
			return err
		}
	} else if err := write(p, r); err != nil {
		return err
	}
	var failed *exit.Error
	if errors.As(program.Failed(r.All()), &failed) {
		return &exit.Error{Code: failed.Code, Err: errors.New("looking at publishers: not all is well")}
	}
	return nil
}

// write writes the table, and what is wrong below it.
func write(p *program.Env, r survey.Report) error {
	s := screen.Of(p)
	t := screen.Table{Columns: []screen.Column{
		{}, {Title: "ENDPOINT", Least: 18}, {Title: "PUBLISHER", Least: 10}, {Title: "SOCKETS", Rank: 2}, {Title: "ZMTP", Rank: 4},
		{Title: "CERTIFICATE", Least: 12, Rank: 1}, {Title: "UNTIL", Rank: 3}, {Title: "HEARTBEAT", Right: true},
	}}
	for _, e := range r.Endpoints {
		rows(&t, s, r, e)
	}
	if err := t.Write(p.Stdout, s); err != nil {
		return err
	}
	list := r.All()
	if len(list) > 0 && len(r.Endpoints) > 0 {
		show.Fprintln(p.Stdout)
	}
	return screen.Findings(p.Stdout, s, list)
}

// rows are those of one endpoint: one for each publisher.
func rows(t *screen.Table, s screen.Screen, r survey.Report, e survey.Endpoint) {
	level := "ok"
	for _, f := range e.Findings {
		if level = f.Level; level == "fail" {
			break
		}
	}
	sockets := e.Socket
	if e.Answers != "" && e.Answers != e.Socket {
		sockets += "+" + e.Answers
	}
	first := []screen.Cell{s.Mark(level), {Text: e.Address}}
	if len(e.Speakers) == 0 {
		t.Add(append(first, screen.Cell{Text: e.Name, Style: screen.Dim}, screen.Cell{Text: sockets}, screen.Cell{Text: e.Version})...)
	}
	for i, sp := range e.Speakers {
		name := screen.Cell{Text: sp.Publisher}
		if sp.Publisher == "" {
			name = screen.Cell{Text: e.Name, Style: screen.Dim}
		}
		until, age := "", screen.Age(r.Time, sp.Heartbeat)
		if !sp.Until.IsZero() {
			until = sp.Until.Format(time.DateOnly)
		}
		if i > 0 {
			first, sockets = []screen.Cell{{}, {}}, ""
		}
		version := ""
		if i == 0 {
			version = e.Version
		}
		t.Add(append(first, name, screen.Cell{Text: sockets}, screen.Cell{Text: version}, screen.Cell{Text: sp.Certificate}, screen.Cell{Text: until}, screen.Cell{Text: age})...)
	}
}
