package journal

import (
	"context"
	"database/sql"
	"fmt"
)

// state is what the table meta says.
type state struct {
	Identity
	epoch              string
	baseSeq, headSeq   int64
	baseHash, headHash string
	bytes              int64
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

func loadState(ctx context.Context, q querier) (state, error) {
	var s state
	for name, dest := range map[string]any{
		"prefix": &s.Prefix, "environment": &s.Environment, "name": &s.Name, "epoch": &s.epoch,
		"base_seq": &s.baseSeq, "base_hash": &s.baseHash, "head_seq": &s.headSeq, "head_hash": &s.headHash,
		"bytes": &s.bytes,
	} {
		err := q.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", name).Scan(dest)
		if err != nil {
			return s, fmt.Errorf("reading meta %s: %w", name, corrupt(ctx, err))
		}
	}
	if s.epoch == "" || s.baseSeq < 0 || s.headSeq < s.baseSeq {
		return s, fmt.Errorf("%w: its table meta contradicts itself; %s", ErrCorrupt, adviceCorrupt)
	}
	return s, nil
}

// corrupt explains an error from reading what must be there and of the right
// type.
func corrupt(ctx context.Context, err error) error {
	explained := explain(err)
	if explained != err || ctx.Err() != nil {
		return explained
	}
	return fmt.Errorf("%w: %w; %s", ErrCorrupt, err, adviceCorrupt)
}

// same reports why the journal cannot be opened for id.
func (s state) same(id Identity) error {
	for _, f := range []struct{ what, is, want string }{
		{"prefix", s.Prefix, id.Prefix},
		{"environment", s.Environment, id.Environment},
		{"name", s.Name, id.Name},
	} {
		if f.is != f.want {
			return fmt.Errorf("%w: its %s is %q, not %q; the sequence belongs to that publisher: "+
				"set the %s back, or give the new publisher a journal of its own", ErrIdentity, f.what, f.is, f.want, f.what)
		}
	}
	return nil
}
