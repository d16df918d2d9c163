package postgres

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"busbar/common/archive"
	"busbar/common/event"
)

// A name is what messages are about: a package, a bug, …
type name struct{ kind, name string }

// An about says that a message is about a name.
type about struct {
	name
	published int64 // Unix seconds
	arrival   int64
}

func (a about) compare(b about) int {
	return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.name.name, b.name.name), cmp.Compare(a.published, b.published), cmp.Compare(a.arrival, b.arrival))
}

// aboutOf are the rows of a message. Suites and architectures are few, and each of very
// many messages: they are columns alone.
func aboutOf(m archive.Message, what event.About) []about {
	var list []about
	add := func(kind string, names []string, as func(string) string) {
		for _, n := range names {
			list = append(list, about{name{kind, as(plain(n))}, m.Time.Unix(), m.N})
		}
	}
	same := func(s string) string { return s }
	add("package", what.Packages, same)
	add("bug", what.Bugs, same)
	add("person", what.People, strings.ToLower) // as the archive asks for people
	add("repository", what.Repositories, same)
	add("list", what.Lists, same)
	add("severity", what.Severities, same)
	return list
}

// storeAbout stores them, and the names that were not known yet, which it gives.
func (c *Copy) storeAbout(ctx context.Context, tx pgx.Tx, list []about) ([]name, error) {
	var fresh []name
	var kinds, names []string
	for i, a := range list {
		if (i == 0 || a.name != list[i-1].name) && !c.known[a.name] {
			fresh, kinds, names = append(fresh, a.name), append(kinds, a.kind), append(names, a.name.name)
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"about"}, []string{"kind", "name", "published", "arrival"}, pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
		a := list[i]
		return []any{a.kind, a.name.name, time.Unix(a.published, 0).UTC(), a.arrival}, nil
	}))
	if err == nil && len(fresh) > 0 {
		_, err = tx.Exec(ctx, "INSERT INTO names SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING", kinds, names)
	}
	if err != nil {
		return nil, fmt.Errorf("storing what messages are about: %w", err)
	}
	return fresh, nil
}

// maxKnown is how many names are remembered.
const maxKnown = 100_000

// know remembers names that are stored.
func (c *Copy) know(list []name) {
	if len(c.known)+len(list) > maxKnown {
		clear(c.known)
	}
	for _, n := range list {
		c.known[n] = true
	}
}
