package program

import (
	"log/slog"

	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/translate"
)

// A Config is a program: its configuration, a pointer to a struct that embeds
// config.Shared, and what follows from it. All commands are made from it.
type Config interface {
	Common() *config.Shared
	// Complete checks what can be checked without looking at anything else, and
	// fills in what follows from other keys.
	Complete() error
	// Translators is who is asked about an item, in this order.
	Translators() []translate.Translator[any]
	// Sources declares where items come from, at least one (see Missing).
	Sources(*slog.Logger) []*Source
	// Explain shows the items in what a person named: a file, or - for p.Stdin.
	Explain(p *Env, name string, show Show) error
}

// A Judge is a configuration that has the last word on what the translators made of an
// item, as pump.Pump.Judge has it.
type Judge interface {
	Judge(translate.Item[any], translate.Outcome) (translate.Item[any], translate.Outcome, error)
}

// judge is the configuration's; nil: it has none.
func judge(cfg Config) func(translate.Item[any], translate.Outcome) (translate.Item[any], translate.Outcome, error) {
	if j, ok := cfg.(Judge); ok {
		return j.Judge
	}
	return nil
}

// Load reads the configuration of the program, of type C.
func Load[C Config](p *Env, g *Globals) (C, error) {
	c, err := p.load(g)
	typed, _ := c.(C)
	return typed, err
}

func (p *Env) load(g *Globals) (Config, error) {
	c := p.Config()
	files, err := g.Source(p).Load(c)
	if err == nil {
		err = c.Common().CompleteShared(p.Name)
	}
	if err == nil {
		c.Common().Files = files
		err = c.Complete()
	}
	if err != nil {
		return c, &exit.Error{Code: exit.Config, Err: err}
	}
	return c, nil
}
