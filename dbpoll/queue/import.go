package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"busbar/adapters/wannabuild"
	"busbar/dbpoll/database"
)

// A share is the keys of some rows of a part.
type share struct {
	part *part
	keys [][]string
}

// everything makes the present state ready as changes, for import: first all
// keys are read, then the rows in shares, each in a snapshot of its own.
func (q *Queue) everything(ctx context.Context) error {
	if q.round.count > 0 && len(q.imports) == 0 {
		return io.EOF
	}
	return q.snapshot(ctx, func(s *database.Snapshot) error {
		if q.round.count == 0 {
			if err := q.prepare(ctx, s); err != nil {
				return err
			}
			for _, p := range q.parts {
				if err := q.share(ctx, s, p); err != nil {
					return err
				}
			}
			q.round.count++
			return nil
		}
		next := q.imports[0]
		got, room := map[string]bool{}, shareBytes
		_, err := s.Find(ctx, next.part.packages, next.keys, func(r database.Row) error { // what is gone by now is no news
			room -= r.Columns.Size()
			r.Columns["architecture"] = &next.part.arch
			q.add(wannabuild.Change{After: r.Columns, Recovered: true}, nil)
			if got[strings.Join(r.Key, "\x00")] = true; room < 0 {
				return database.ErrEnough
			}
			return nil
		})
		switch {
		case errors.Is(err, database.ErrEnough):
			q.imports[0].keys = slices.DeleteFunc(next.keys, func(key []string) bool { return got[strings.Join(key, "\x00")] })
		case err == nil:
			q.imports = q.imports[1:]
		default:
			return fmt.Errorf("importing %s: %w", next.part.arch, err)
		}
		return nil
	})
}

func (q *Queue) share(ctx context.Context, s *database.Snapshot, p *part) error {
	const most = 5000
	return s.Digests(ctx, p.packages, nil, func(raw [][]byte, _ database.Digest) error {
		if n := len(q.imports); n == 0 || q.imports[n-1].part != p || len(q.imports[n-1].keys) == most {
			q.imports = append(q.imports, share{part: p})
		}
		last := &q.imports[len(q.imports)-1]
		key := make([]string, len(raw))
		for i, k := range raw {
			key[i] = string(k)
		}
		last.keys = append(last.keys, key)
		return nil
	})
}
