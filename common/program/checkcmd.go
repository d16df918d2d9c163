package program

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// CheckCommand is the doctor.
type CheckCommand struct {
	JSON bool `help:"Print one JSON object a line."`
}

// Run looks at the configuration, at what all programs need, and at each source.
func (c CheckCommand) Run(p *Env, g *Globals) error {
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
