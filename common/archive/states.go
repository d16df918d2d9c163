package archive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/state"
)

// A State is the newest that is known of a thing.
type State struct {
	Kind, Key string
	Package   string
	Gone      bool      // the thing is no more
	N         int64     // the message that said it last
	Time      time.Time // when that happened, by its source if it says so
	By        Position  // whose message that is
	Value     string    // see state.Thing
}

// A StateQuery asks for states of one kind, by key.
type StateQuery struct {
	Kind    string
	Package string            // empty: of any
	Under   string            // what keys begin with; empty: anything
	Members map[string]string // values that members have; only with one of the two above
	Gone    bool              // also things that are no more
	After   string            // a key; empty: from the first on
	Limit   int
}

// StateOf is the newest state of a thing; ErrNotFound is wrapped where nothing is
// known of it.
func (r *Reader) StateOf(ctx context.Context, kind, key string) (State, error) {
	list, err := statesOf(ctx, r.db, "kind = ? AND key = ?", kind, key)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return State{}, r.fail(err, "looking for the state of %s %.80q", kind, key)
	}
	return list[0], nil
}

// States gives states, and the sequences as of which they are, read at the same moment.
func (r *Reader) States(ctx context.Context, q StateQuery) (list []State, asOf []Sequence, err error) {
	where, args := []string{"kind = ?", "key > ?"}, []any{q.Kind, max(q.After, q.Under)}
	if q.Under != "" {
		if q.After < q.Under {
			where[1] = "key >= ?"
		}
		where, args = append(where, "key < ?"), append(args, behind(q.Under))
	}
	if q.Package != "" {
		where, args = append(where, "package = ?"), append(args, q.Package)
	}
	if !q.Gone {
		where = append(where, "gone = 0")
	}
	if len(q.Members) > 0 && q.Package == "" && q.Under == "" {
		return nil, nil, fmt.Errorf("reading states: %w: all would have to be looked at: say of which package", ErrQuery)
	}
	for name, value := range q.Members {
		where, args = append(where, "CAST(json_extract(value, ?) AS TEXT) = ?"), append(args, "$."+name, value)
	}
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, r.fail(err, "reading states")
	}
	defer tx.Rollback()
	list, err = statesOf(ctx, tx, strings.Join(where, " AND ")+" ORDER BY key LIMIT ?", append(args, batch(q.Limit))...)
	if err == nil {
		asOf, err = sequencesOf(ctx, tx)
	}
	return list, asOf, r.fail(err, "reading states of kind %s", q.Kind)
}

// behind is the first text behind all that begin with one that ends in ASCII.
func behind(begin string) string {
	b := []byte(begin)
	b[len(b)-1]++
	return string(b)
}

func statesOf(ctx context.Context, q querier, where string, args ...any) ([]State, error) {
	return collect(ctx, q, func(scan func(...any) error, s *State) error {
		var unix int64
		var said []byte
		if err := scan(&s.Kind, &s.Key, &s.Package, &s.Gone, &s.N, &unix, &s.Value, &said); err != nil {
			return err
		}
		s.Time = time.Unix(unix, 0).UTC()
		thing, err := state.Read(said)
		if err != nil {
			return fmt.Errorf("%w: the state of %s %.80q: %w", ErrCorrupt, s.Kind, s.Key, err)
		}
		by := thing.Newest()
		s.By = Position{Publisher: by.Publisher, Epoch: by.Epoch, Seq: by.Seq}
		return nil
	}, "SELECT kind, key, package, gone, n, time, value, said FROM states WHERE "+where, args...)
}

// ViewColumns are the columns of a projection's view (see views) that are not its
// members.
var ViewColumns = []struct{ Name, Doc string }{
	{"key", "what names the thing"},
	{"event", "the topic of the message that changed it last, from the service on"},
	{"happened", "when that happened, by its source if it says so: YYYY-MM-DD HH:MM:SS in UTC"},
	{"arrival", "that message's arrival number"},
}

// views is SQL that makes, for each projection, the view bus_PLURAL of things that are
// there, a column for each member. Lists are JSON.
func views(t *state.Table) string {
	var b strings.Builder
	for _, p := range t.Projections() {
		columns := []string{"key"}
		for _, m := range append(slices.Clone(p.Members), state.Member{Name: state.Event}) {
			columns = append(columns, fmt.Sprintf("json_extract(value, '$.%[1]s') AS %[1]s", m.Name))
		}
		columns = append(columns, "datetime(time, 'unixepoch') AS happened", "n AS arrival")
		fmt.Fprintf(&b, "CREATE VIEW bus_%s AS SELECT %s FROM states WHERE kind = '%s' AND gone = 0;\n", p.Plural, strings.Join(columns, ", "), p.Kind)
	}
	return b.String()
}
