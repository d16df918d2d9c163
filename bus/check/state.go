package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"busbar/bus/config"
	"busbar/bus/present"
	"busbar/bus/survey"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/progress"
)

// maxNamed is how many differences of a source are named one by one.
const maxNamed = 100

// state compares the newest states with the sources' own.
func (c *check) state(ctx context.Context, p *program.Env, cfg config.Config) error {
	const doing = "comparing the states with their sources"
	if cfg.Check.Tracker.Empty() && cfg.Check.Queue.Empty() {
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s: which sources? (give --tracker URL or --queue URL, or set [check] tracker or queue)", doing)}
	}
	states, where, err := c.states(ctx, cfg)
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	var findings []program.Finding
	if !cfg.Check.Tracker.Empty() {
		source, err := present.Tracker(cfg.Check.Tracker.Reveal(), cfg.Check.Rate)
		findings = append(findings, c.compare(ctx, p, "bugs", where, states, source, err)...)
	}
	if !cfg.Check.Queue.Empty() {
		source, err := present.Queue(ctx, cfg.Check.Queue.Reveal())
		findings = append(findings, c.compare(ctx, p, "builds", where, states, source, err)...)
	}
	if err := states.Close(); err != nil {
		return err
	}
	return program.PrintFindings(p, findings, c.JSON)
}

// states opens the hub that is named, or the archive on this machine.
func (c *check) states(ctx context.Context, cfg config.Config) (present.States, string, error) {
	if _, err := os.Stat(cfg.Hub.Archive); len(c.Hub) == 0 && err == nil {
		s, err := present.OfArchive(ctx, cfg.Hub.Archive)
		return s, cfg.Hub.Archive, err
	}
	hubs := survey.HubsOf(c.Hub, cfg.Hub.Listen)
	if len(hubs) == 0 {
		return nil, "", errors.New("neither an archive nor a hub is named (give --hub URL, or set [hub] archive)")
	}
	s, err := present.OfHub(hubs[0].Address())
	return s, hubs[0].Address(), err
}

// compare is what came of comparing with one source; err is why there is none.
func (c *check) compare(ctx context.Context, p *program.Env, what, where string, states present.States, source present.Source, err error) []program.Finding {
	if err != nil {
		return []program.Finding{program.Found(what, err, "")}
	}
	ended := p.Progress(func(done bool) progress.State {
		if done {
			return progress.State{}
		}
		return progress.State{Text: "comparing the " + what + " of " + where + " with their source"}
	})
	found, err := present.Compare(ctx, states, source, c.Again)
	ended()
	if err = errors.Join(err, source.Close()); err != nil {
		return []program.Finding{program.Away(what, err)}
	}
	var findings []program.Finding
	for _, d := range found.Differ[:min(len(found.Differ), maxNamed)] {
		var all []string
		for _, m := range d.Members {
			all = append(all, fmt.Sprintf("%s is %q, the messages say %q", m.Member, m.Is, m.Said))
		}
		findings = append(findings, program.Finding{What: what, Level: "fail", Detail: d.Key + ": " + strings.Join(all, "; ")})
	}
	differ := len(found.Differ) + found.More
	text := fmt.Sprintf("%d compared with their source, %d differ", found.Compared, differ)
	if found.Passed > 0 {
		text += fmt.Sprintf("; %d differed at first and no more after %s", found.Passed, c.Again)
	}
	if found.Unknown > 0 {
		text += fmt.Sprintf("; %d more are there, of which no message said anything", found.Unknown)
	}
	level := "ok"
	switch {
	case differ > 0:
		level = "fail"
	case found.Compared == 0:
		level = "warn"
	}
	return append(findings, program.Finding{What: what, Level: level, Detail: text})
}
