package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"busbar/common/dbrow"
	"busbar/dbpoll/database"
)

// A window reads a log that hides transaction ids: the rows of the last while,
// again and again, less those that were published.
type window struct {
	published map[string]string // by entry.key, their times
	read      time.Time         // when the whole overlap was read last

	where string // a further condition; may be empty
}

func newWindow() *window { return &window{published: map[string]string{}} }

func (w *window) next(ctx context.Context, s *database.Snapshot, a ask) (list []entry, finish func(), err error) {
	since, whole := w.since(*a.at, a.overlap, a.every, a.now)
	list, more, err := w.entries(ctx, s, a.parts, since, a.most)
	if err != nil || more {
		return list, nil, err
	}
	return list, func() {
		if whole {
			w.advance(since, a.now)
		}
	}, nil
}

func (w *window) readWhole() time.Time { return w.read }

func (w *window) isPublished(e entry) { w.published[e.key] = e.row.Text("time") }

// quickOverlap is how far back most rounds read; the whole overlap is read
// now and then.
const quickOverlap = 2 * time.Hour

const timeForm = "2006-01-02 15:04:05.999999"

// since is the time from which to read.
func (w *window) since(p position, overlap, every time.Duration, at time.Time) (since string, whole bool) {
	newest, err := time.Parse(timeForm, p.Newest)
	if err != nil {
		return p.Began, true
	}
	whole = w.read.IsZero() || at.Sub(w.read) >= every
	if !whole {
		overlap = min(overlap, quickOverlap)
	}
	return max(p.Began, newest.Add(-overlap).Format(timeForm)), whole
}

// entries reads the rows of each part since a time.
func (w *window) entries(ctx context.Context, s *database.Snapshot, parts []*part, since string, most int) (list []entry, more bool, err error) {
	first := firsts{most: most + len(w.published) + 1, order: func(a, b entry) int { return strings.Compare(a.row.Text("time"), b.row.Text("time")) }}
	done := map[string]bool{}
	for _, p := range parts {
		if done[p.log] {
			continue
		}
		done[p.log] = true
		columns := logColumns
		if p.packages.Where == "" { // an architecture's own view does not name it
			columns = strings.TrimPrefix(logColumns, "architecture, ")
		}
		text := "SELECT " + columns + " FROM " + p.log
		var args []any
		if isPostgres(s.Dialect()) {
			text = "SELECT " + columns + " FROM " + quoted(p.log)
		}
		and := " WHERE "
		if since != "" {
			text += and + "time >= " + parameter(s.Dialect())
			args, and = append(args, since), " AND "
		}
		if w.where != "" {
			text += and + w.where
		}
		err := s.Each(ctx, text, args, logNames(columns), idColumns, func(c dbrow.Columns) error {
			if _, ok := c["architecture"]; !ok {
				c["architecture"] = &p.arch
			}
			first.add(entry{row: c})
			return nil
		})
		if err != nil {
			return nil, false, err
		}
	}
	list = first.sorted()
	number(list)
	for i := range list {
		list[i].key = fingerprint(list[i])
	}
	list = slices.DeleteFunc(list, func(e entry) bool { return w.published[e.key] != "" })
	if len(list) > most {
		return list[:most], true, nil
	}
	return list, false, nil
}

// advance takes note that everything since a time is published. What is older is
// not read again.
func (w *window) advance(since string, at time.Time) {
	w.read = at
	maps.DeleteFunc(w.published, func(_, at string) bool { return at < since })
}

// fingerprint tells a row apart from others by all that it says.
func fingerprint(e entry) string {
	h := sha256.New()
	for _, name := range strings.Split(logColumns, ", ") {
		fmt.Fprintf(h, "%d:%s,", len(e.row.Text(name)), e.row.Text(name))
	}
	fmt.Fprint(h, e.nth)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// parameter is the first parameter of a statement.
func parameter(dialect string) string {
	if isPostgres(dialect) {
		return "$1::timestamp"
	}
	return "?"
}

// quoted quotes the name of a view: architectures may hold hyphens.
func quoted(name string) string {
	schema, table, ok := strings.Cut(name, ".")
	if !ok {
		return name
	}
	return `"` + strings.ReplaceAll(schema, `"`, `""`) + `".` + table
}
