package program

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"busbar/common/setup"
)

// CheckCommand is the doctor.
type CheckCommand struct {
	JSON bool   `help:"Print one JSON object a line."`
	As   string `help:"Look as this user would, with its groups (as root). Default: as the unit's user where root runs this, so that what the daemon will see is seen; --as root: as root." placeholder:"USER"`
}

// Run looks at the configuration, at what all programs need, and at each source.
func (c CheckCommand) Run(p *Env, g *Globals) error {
	whom, unit, err := c.whom(p, g, &setup.Machine{})
	if err != nil {
		return fmt.Errorf("checking: %w", err)
	}
	if whom != nil {
		return c.seen(p, g, whom, unit, p.args)
	}
	cfg, err := p.load(g)
	if err != nil {
		return errors.Join(PrintFindings(p, []Finding{Found("configuration", err, "")}, c.JSON), err)
	}
	bus := cfg.Common().Bus
	topics := fmt.Sprintf("%s.%s.", bus.Prefix, bus.Environment)
	if s, ok := cfg.(interface{ Service() string }); ok {
		topics += s.Service() + "."
	}
	findings := []Finding{{What: "configuration", Level: "ok", Detail: topics + "… as " + bus.Name}}
	sources := cfg.Sources(g.Logger(p))
	var places, again []string
	var own []Finding
	ctx := context.Background()
	for _, s := range sources {
		if s.Dir != "" {
			places = append(places, s.Dir)
		}
		if s.Check != nil {
			own, again = append(own, s.Check(ctx, p)...), append(again, s.Checks...)
		}
	}
	for file, what := range secrets(sources) {
		findings = append(findings, checkSecrets(what, file)...)
	}
	findings = append(findings, checkSinks(ctx, cfg.Common())...)
	findings = append(findings, checkBus(ctx, p.Name, bus, cfg.Common().Sign, places...)...)
	findings = slices.DeleteFunc(findings, func(f Finding) bool { return slices.Contains(again, f.What) })
	return PrintFindings(p, append(findings, own...), c.JSON)
}
