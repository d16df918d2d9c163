package program

import (
	"reflect"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"busbar/common/config"
	"busbar/common/manual"
	"busbar/common/node"
	"busbar/common/show"
)

// grammar reads a command line from a struct.
func grammar(name, description string, cli any, more ...kong.Option) (*kong.Kong, error) {
	return kong.New(cli, append([]kong.Option{
		kong.Name(name), kong.Description(description), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.KindMapper(reflect.String, kong.MapperFunc(argument)), kong.NamedMapper("path", kong.MapperFunc(path)),
	}, more...)...)
}

// A Grammar is the command line of the running program, for commands that tell of it.
type Grammar struct{ Model *kong.Application }

// manual is the manual of the program.
func (m *Grammar) manual(p *Env) *manual.Manual {
	defaults, _ := p.defaults()
	return &manual.Manual{
		Model: m.Model, About: p.About, Keys: config.Keys(defaults), Examples: p.examples(), PageEach: p.PageEach,
		Version: node.Version(), Date: p.date(),
	}
}

// Manual is the manual of a program, of whose command line cli is the grammar.
func (p *Env) Manual(description string, cli any) (*manual.Manual, error) {
	k, err := grammar(p.Name, description, cli)
	if err != nil {
		return nil, err
	}
	return (&Grammar{k.Model}).manual(p), nil
}

// defaults are the configuration before any file is read, and what completes it.
func (p *Env) defaults() (any, func() error) {
	if p.Config == nil {
		return p.Defaults()
	}
	c := p.Config()
	return c, func() error {
		if err := c.Common().CompleteShared(p.Name); err != nil {
			return err
		}
		return c.Complete()
	}
}

// date is that of the manual: of what it is made from, so that it is made alike
// again.
func (p *Env) date() time.Time {
	if seconds, err := strconv.ParseInt(p.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0)
	}
	if built := node.BuiltFrom(); !built.IsZero() {
		return built
	}
	return time.Now()
}

// help is kong's, and the examples of the command.
func (p *Env) help(o kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(o, ctx); err != nil {
		return err
	}
	command := ""
	if n := ctx.Selected(); n != nil {
		command = n.Path()
	}
	_, err := show.Fprintf(p.Stdout, "%s", show.Clean(manual.Help(manual.Of(p.examples(), command))))
	return err
}

// examples are the program's, and before them those of the commands that all
// programs have.
func (p *Env) examples() []manual.Example {
	all := []manual.Example{
		{Command: "config show", Does: "See what differs from the defaults.", Line: p.Name + " config show --changed"},
		{Command: "config example", Does: "Look for a key.", Line: p.Name + " config example | less"},
		{Command: "version", Does: "Put the version into a report.", Line: p.Name + " version"},
	}
	if p.Config == nil {
		return append(all, p.Examples...)
	}
	all = append(all,
		manual.Example{Command: "run", Does: "Run it in a terminal, as a trial.", Line: p.Name + " --debug run"},
		manual.Example{Command: "check", Does: "See what cannot work yet.", Line: p.Name + " check"},
		manual.Example{Command: "status", Does: "See what was done.", Line: p.Name + " status"},
		manual.Example{Command: "poison list", Does: "See what could not be read, and why.", Line: p.Name + " poison list"},
		manual.Example{Command: "poison show", Does: "Look at one of them, by its number.", Line: p.Name + " poison show 3"},
		manual.Example{Command: "poison retry", Does: "Have it read again, after what was wrong was mended.", Line: p.Name + " poison retry 3"},
		manual.Example{Command: "poison drop", Does: "Forget it.", Line: p.Name + " poison drop 3"},
	)
	return append(all, p.Examples...)
}
