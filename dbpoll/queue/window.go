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

	"busbar/dbpoll/database"
)

// A window reads a log that hides transaction ids: the rows of the last while,
// again and again, less those that were told.
type window struct {
	told map[string]string // entry.key of what was told, and its time
	read time.Time         // when the whole overlap was read last

	where string // a further condition; may be empty
}

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
func (w *window) entries(ctx context.Context, s *database.Snapshot, dialect string, parts []*part, since string, most int) (list []entry, more bool, err error) {
	first := firsts{most: most + len(w.told) + 1, order: func(a, b entry) int { return strings.Compare(value(a.row, "time"), value(b.row, "time")) }}
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
		if isPostgres(dialect) {
			text = "SELECT " + columns + " FROM " + quoted(p.log)
		}
		and := " WHERE "
		if since != "" {
			text += and + "time >= " + place(dialect)
			args, and = append(args, since), " AND "
		}
		if w.where != "" {
			text += and + w.where
		}
		err := s.Each(ctx, text, args, logNames(columns), idColumns, func(c database.Columns) error {
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
	list = slices.DeleteFunc(list, func(e entry) bool { return w.told[e.key] != "" })
	if len(list) > most {
		return list[:most], true, nil
	}
	return list, false, nil
}

// advance takes note that everything since a time is told. What is older is
// not read again.
func (w *window) advance(since string, at time.Time) {
	w.read = at
	maps.DeleteFunc(w.told, func(_, told string) bool { return told < since })
}

// fingerprint tells a row apart from others by all that it says.
func fingerprint(e entry) string {
	h := sha256.New()
	for _, name := range strings.Split(logColumns, ", ") {
		fmt.Fprintf(h, "%d:%s,", len(value(e.row, name)), value(e.row, name))
	}
	fmt.Fprint(h, e.nth)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// place is the first parameter of a statement.
func place(dialect string) string {
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
