package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

// Show explains an item; tolerated is what was wrong with it, and forgiven.
type Show func(it translate.Item[any], tolerated ...string) error

// ExplainCommand says what things become. Who has it says what they are, by the tags
// set:"json=…" and set:"items=…".
type ExplainCommand struct {
	JSON  bool     `help:"Print one JSON object a line${json}."`
	Items []string `arg:"" name:"file|id" help:"${items}"`
}

// Run explains as the program's configuration reads.
func (c ExplainCommand) Run(p *Env, g *Globals) error {
	cfg, err := p.load(g)
	if err != nil {
		return err
	}
	return c.Each(p, cfg, func(name string, show Show) error { return cfg.Explain(p, name, show) })
}

// Each shows what each thing becomes, as the daemon would do it; read shows the items in one
// that is no id.
func (c ExplainCommand) Each(p *Env, cfg Config, read func(name string, show Show) error) error {
	table, bus := table(cfg), cfg.Common().Bus
	sources := cfg.Sources(slog.New(slog.DiscardHandler))
	known, end := published(context.Background(), bus.Journal)
	show := func(it translate.Item[any], tolerated ...string) error {
		x, err := explain(table, it, bus, judge(cfg))
		if err != nil {
			return err
		}
		if isCanary(sources, it) {
			x = Explanation{Origin: it.Origin, Translator: "canary", Events: []ExplainedEvent{}, Skip: "a canary: the daemon looks whether its token is ours"}
		}
		x.Tolerated = tolerated
		for i := range x.Events {
			x.Events[i].Known = known(x.Events[i].ID)
		}
		return x.Print(p.Stdout, c.JSON)
	}
	var failed error
	for _, name := range c.Items {
		if _, err := event.IDUUID(name); err == nil {
			failed = errors.Join(failed, explainID(context.Background(), p, bus.Journal, name, c.JSON))
		} else if err := read(name, show); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return errors.Join(failed, end())
}

// Open opens what a person named, a file, or - for standard input; received is when
// it came.
func (p *Env) Open(name string) (in io.ReadCloser, received time.Time, err error) {
	if name == "-" {
		return io.NopCloser(p.Stdin), time.Now(), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, received, fmt.Errorf("explaining: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, received, fmt.Errorf("explaining: %w", errors.Join(err, f.Close()))
	}
	return f, info.ModTime(), nil
}
