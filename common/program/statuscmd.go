package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/translate"
)

// StatusCommand says what was done and what waits. Who has it may say more of its JSON,
// by the tag set:"more=…".
type StatusCommand struct {
	JSON bool `help:"Print JSON${more=}."`
}

// A Section is what the status of a program says beside that of all programs.
type Section struct {
	Name  string // of its member in the JSON object; empty: it is not there
	Value any
	// Print follows what is printed of all programs; in JSON only where Name is empty,
	// for objects of their own.
	Print func(w io.Writer, asJSON bool) error
}

// A Stater is a configuration that has such a section.
type Stater interface {
	Status(context.Context, *Env, *journal.Reader) (Section, error)
}

// Run prints what the journal knows, and the running daemon.
func (c StatusCommand) Run(p *Env, g *Globals) error {
	cfg, err := p.load(g)
	if err != nil {
		return err
	}
	ctx, bus := context.Background(), cfg.Common().Bus
	waiting, unread := waiting(bus.Journal, cfg.Sources(g.Logger(p)))
	s, err := readStatus(ctx, p.Name, bus, cfg.Common().Sign, waiting)
	if err != nil {
		return err
	}
	var more Section
	if st, ok := cfg.(Stater); ok {
		r, err := journal.OpenReader(ctx, bus.Journal)
		if err != nil {
			return err
		}
		defer r.Close()
		if more, err = st.Status(ctx, p, r); err != nil {
			return errors.Join(s.Print(p.Stdout, c.JSON), unread, err) // what can be said is
		}
	}
	if c.JSON && more.Name != "" {
		err = PrintJSON(p.Stdout, joined{s, more})
	} else {
		err = s.Print(p.Stdout, c.JSON)
	}
	if err == nil && more.Print != nil && (!c.JSON || more.Name == "") {
		err = more.Print(p.Stdout, c.JSON)
	}
	return errors.Join(err, unread)
}

// waiting counts what the sources have not handed out. What can be counted is,
// whatever else is wrong.
func waiting(file string, sources []*Source) (map[string]int, error) {
	counts := map[string]int{}
	var unread error
	for _, s := range sources {
		if s.Waiting == nil {
			continue
		}
		n, err := s.Waiting()
		if err != nil {
			unread = errors.Join(unread, fmt.Errorf("counting what waits in %s: %w", s.Dir, err))
			continue
		}
		counts[s.Dir] = n
	}
	if parser(sources) != nil {
		names, err := node.Waiting(node.RetryDir(file))
		if unread = errors.Join(unread, err); err == nil {
			counts[retryQueue] = len(names)
		}
	}
	return counts, unread
}

// joined is a status with the section as its last member.
type joined struct {
	Status
	more Section
}

// MarshalJSON writes one object.
func (j joined) MarshalJSON() ([]byte, error) {
	shared := bytes.TrimSuffix(translate.JSON(j.Status), []byte("}"))
	return append(append(shared, ','), translate.JSON(map[string]any{j.more.Name: j.more.Value})[1:]...), nil
}
