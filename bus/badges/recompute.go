package badges

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"busbar/bus/badges/ledger"
	"busbar/bus/badges/rule"
	"busbar/common/archive"
	"busbar/common/exit"
	"busbar/common/program"
)

type recomputeCommand struct {
	Archive string `help:"The archive to ask. Default: [badges] archive." placeholder:"FILE" type:"path"`
	JSON    bool   `help:"Print one JSON object for each difference."`
}

// A difference is an award that is not the same, made again.
type difference struct {
	What    string        `json:"what"` // missing, extra, other; or dropped, which is none: its message is no more in the archive
	Award   ledger.Award  `json:"award"`
	Archive *ledger.Award `json:"archive,omitempty"` // other: as it is made again
}

// Run compares.
func (c *recomputeCommand) Run(p *program.Env, g *program.Globals) error {
	cfg, err := loaded(p, g)
	if err != nil {
		return err
	}
	set, err := rules(cfg)
	if err != nil {
		return err
	}
	ctx, _, stop := p.Signals()
	defer stop()
	kept, err := beside(cfg)
	if err != nil {
		return err
	}
	defer kept.Close()
	s, err := openSource(ctx, cmp.Or(c.Archive, cfg.Badges.Archive), cfg.Bus.Prefix)
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	defer s.Close()
	to, epoch, err := kept.ReadUpTo(ctx)
	if err != nil {
		return err
	}
	if epoch != s.Epoch() { // another archive: all that it has
		if to.N, to.Copies, err = ends(ctx, s); err != nil {
			return err
		}
	}
	made, err := again(ctx, s, set, cfg.Bus.Prefix, to)
	if err != nil {
		return err
	}
	have, err := kept.All(ctx)
	if err != nil {
		return err
	}
	list, err := compare(ctx, s, have, made)
	if err != nil {
		return err
	}
	wrong := 0
	for _, d := range list {
		if d.What != "dropped" {
			wrong++
		}
	}
	if err := printAll(p, c.JSON, list, difference.String); err != nil {
		return err
	}
	if wrong > 0 {
		return &exit.Error{Code: exit.Failure, Err: fmt.Errorf("recomputing: %d of %d awards differ from what the archive gives", wrong, len(have))}
	}
	if !c.JSON {
		return printLines(p, []string{fmt.Sprintf("%d awards are as the archive gives them", len(have)-len(list))})
	}
	return nil
}

func (d difference) String() string {
	a := d.Award
	s := fmt.Sprintf("%s: %s (%d) of %s, earned %s by %s", d.What, a.Badge, a.Level, a.Person, a.Time.Format(time.DateTime), a.Message)
	if d.Archive != nil {
		s += fmt.Sprintf("; the archive says %s by %s", d.Archive.Time.Format(time.DateTime), d.Archive.Message)
	}
	return s
}

func ends(ctx context.Context, s *source) (n, copies int64, err error) {
	if _, n, err = s.Range(ctx); err == nil {
		copies, err = s.LastCopy(ctx)
	}
	return n, copies, err
}

// again makes all awards of an archive up to a position, in a file that is removed.
func again(ctx context.Context, s *source, set rule.Set, prefix string, to ledger.Position) (list []ledger.Award, err error) {
	dir, err := os.MkdirTemp("", "bus-badges-")
	if err != nil {
		return nil, fmt.Errorf("recomputing: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := ledger.Open(ctx, filepath.Join(dir, "badges.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.Use(ctx, set, prefix, s.Epoch()); err != nil || l.Empty() {
		return nil, err
	}
	for {
		read, at, err := s.next(ctx, l.Position())
		if err != nil {
			return nil, err
		}
		all := len(read)
		read = slices.DeleteFunc(read, func(m ledger.Read) bool { return m.N > to.N || m.Copy > to.Copies })
		if len(read) > 0 {
			if err := l.Apply(ctx, read, at.Position); err != nil {
				return nil, err
			}
		}
		switch {
		case all == 0 || at.again:
			return l.All(ctx)
		case len(read) < all && at.N > to.N:
			// Behind it are copies alone; their facts may have come before.
			if err := l.Apply(ctx, nil, ledger.Position{N: maxPosition}); err != nil {
				return nil, err
			}
		case len(read) < all:
			return l.All(ctx)
		}
	}
}

// maxPosition is behind all messages.
const maxPosition = 1 << 62

// compare finds what differs. Both lists are in the same order of badge, level and
// person.
func compare(ctx context.Context, s *source, have, made []ledger.Award) (list []difference, err error) {
	order := func(a, b ledger.Award) int {
		return cmp.Or(cmp.Compare(a.Badge, b.Badge), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Person, b.Person))
	}
	for len(have)+len(made) > 0 {
		which := 0
		switch {
		case len(have) == 0:
			which = 1
		case len(made) == 0:
			which = -1
		default:
			which = order(have[0], made[0])
		}
		switch {
		case which > 0:
			list, made = append(list, difference{What: "missing", Award: made[0]}), made[1:]
			continue
		case which == 0 && have[0].Time.Equal(made[0].Time) && have[0].Message == made[0].Message:
			have, made = have[1:], made[1:]
			continue
		}
		d := difference{What: "extra", Award: have[0]}
		if which == 0 {
			d.What, d.Archive, made = "other", &made[0], made[1:]
		}
		have = have[1:]
		switch _, err := s.ByID(ctx, d.Award.Message); {
		case errors.Is(err, archive.ErrPruned):
			d.What = "dropped"
		case err != nil && !errors.Is(err, archive.ErrNotFound):
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}
