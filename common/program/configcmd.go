package program

import (
	"fmt"
	"strings"

	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/show"
)

// ConfigCommand says what is configured, and what can be.
type ConfigCommand struct {
	Show    configShow    `cmd:"" help:"Print what holds, as a configuration file, and where each value comes from: its default, a file, a variable, --set. Passwords are hidden."`
	Example configExample `cmd:"" help:"Print a configuration file with all keys, their meaning and their defaults, all of it commented out."`
}

type configShow struct {
	Changed bool `help:"Only what is not left at its default."`
	JSON    bool `help:"Print one JSON object a line, for each key."`
}

// Run prints what holds. What was read is printed as well where something in it is
// wrong, and then the error.
func (c configShow) Run(p *Env, g *Globals) error {
	defaults, complete := p.defaults()
	settings, files, err := g.Source(p).Settings(defaults, complete)
	if err != nil {
		err = &exit.Error{Code: exit.Config, Err: err}
	}
	if !c.JSON && err == nil {
		show.Fprintln(p.Stdout, "# Read:", orNone(files))
	}
	table, width := "", 0
	for _, s := range settings {
		if s.From != config.FromDefault || !c.Changed {
			width = max(width, min(len(setting(s)), 40))
		}
	}
	for _, s := range settings {
		if c.Changed && s.From == config.FromDefault {
			continue
		}
		if c.JSON {
			if err := PrintJSON(p.Stdout, map[string]any{"key": s.Key, "value": s.Value, "from": s.From}); err != nil {
				return err
			}
			continue
		}
		if title := title(s); title != table {
			table = title
			show.Fprintf(p.Stdout, "\n%s\n", title)
		}
		show.Fprintf(p.Stdout, "%-*s # %s\n", width, setting(s), s.From)
	}
	return err
}

// title is the head of the table that a key is in.
func title(s config.Setting) string {
	table, rest, _ := strings.Cut(s.Key, ".")
	if !s.Many {
		return "[" + table + "]"
	}
	n, _, _ := strings.Cut(rest, ".")
	return fmt.Sprintf("[[%s]] # %s", table, n)
}

// setting is a key in its table, with its value.
func setting(s config.Setting) string {
	_, key, _ := strings.Cut(s.Key, ".")
	if s.Many {
		_, key, _ = strings.Cut(key, ".")
	}
	return key + " = " + s.TOML()
}

func orNone(files []string) string {
	if len(files) == 0 {
		return "no file"
	}
	return strings.Join(files, ", ")
}

type configExample struct{}

// Run prints the sample.
func (configExample) Run(p *Env, m *Grammar) error { return m.manual(p).Sample(p.Stdout) }

// manualCommand writes what is made of the declarations, for packages.
type manualCommand struct {
	Dir string `arg:"" help:"Folder in which man/, bash/, zsh/ and fish/ are made." type:"path"`
}

// Run writes the files.
func (c manualCommand) Run(p *Env, m *Grammar) error {
	return m.manual(p).Write(c.Dir)
}
