package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"busbar/common/archive"
)

// A statement is a question in SQL, over the tables that docs/howto/postgres.md tells of.
type statement struct {
	text    string
	args    []any
	without string // what the copy knows less of, by design
}

// kindsAbout are what the copy's table about is asked for, by the archive's kinds.
var kindsAbout = map[archive.Kind]string{
	archive.Package: "package", archive.Bug: "bug", archive.Person: "person", archive.Repository: "repository", archive.List: "list",
	archive.Severity: "severity",
}

// columnsOf are the columns with one value, and those with a list.
var columnsOf = map[archive.Kind]string{
	archive.Topic: "m.topic = %s", archive.Publisher: "m.publisher = %s",
	archive.Architecture: "m.architectures @> ARRAY[%s]", archive.Suite: "m.suites @> ARRAY[%s]",
}

// sqlOf is a question of the archive's, as who knows the copy would write it: the newest of
// what about has in order, or of the messages themselves.
func sqlOf(q archive.Query) (statement, error) {
	var s statement
	arg := func(v any) string {
		s.args = append(s.args, v)
		return fmt.Sprintf("$%d", len(s.args))
	}
	const what = "SELECT m.arrival, m.published, m.topic, m.title, m.wire FROM "
	from, order := "messages m", "m"
	var where []string
	for _, c := range q.Conditions {
		kind, about := kindsAbout[c.Kind]
		column, ok := columnsOf[c.Kind]
		switch {
		case !about && !ok, c.Not, len(c.Values) != 1, about && order == "a" && c.Match != archive.Is:
			return s, fmt.Errorf("putting %+v into SQL: not known", c)
		case about && order == "a":
			from += fmt.Sprintf(" JOIN about b ON b.kind = '%s' AND b.name = %s AND (b.published, b.arrival) = (a.published, a.arrival)", kind, arg(c.Values[0]))
		case about && c.Match == archive.Holds:
			// Of each name that holds it the newest, and of these the newest.
			from, order = fmt.Sprintf(`(SELECT DISTINCT a.published, a.arrival FROM names n, LATERAL (SELECT published, arrival FROM about
				WHERE kind = n.kind AND name = n.name ORDER BY published DESC, arrival DESC LIMIT %d) a
				WHERE n.kind = '%s' AND strpos(n.name, %s) > 0) a JOIN messages m USING (arrival)`, q.Limit, kind, arg(strings.ToLower(c.Values[0]))), "a"
		case about:
			from, order = "about a JOIN messages m USING (arrival)", "a"
			where = append(where, fmt.Sprintf("a.kind = '%s'", kind), "a.name = "+arg(c.Values[0]))
		default:
			where = append(where, fmt.Sprintf(column, arg(c.Values[0])))
		}
	}
	for _, w := range q.Words {
		s.without = "the words of titles alone, by design: those of bodies are in the archive"
		word, beginning := strings.CutSuffix(w, "*")
		if beginning {
			word += ":*"
		}
		where = append(where, fmt.Sprintf("m.words @@ to_tsquery('simple', %s)", arg(word)))
	}
	if !q.From.IsZero() {
		where = append(where, order+".published >= "+arg(q.From))
	}
	if !q.To.IsZero() {
		where = append(where, order+".published <= "+arg(q.To))
	}
	if len(q.Without) > 0 || !q.NewestFirst || q.After != 0 {
		return s, fmt.Errorf("putting %+v into SQL: not known", q)
	}
	s.text = what + from
	if len(where) > 0 {
		s.text += " WHERE " + strings.Join(where, " AND ")
	}
	s.text += fmt.Sprintf(" ORDER BY %[1]s.published DESC, %[1]s.arrival DESC LIMIT %[2]d", order, q.Limit)
	return s, nil
}

// ask gives the arrivals; all that a page shows is read.
func (s statement) ask(ctx context.Context, db *pgx.Conn) (list []int64, err error) {
	rows, err := db.Query(ctx, s.text, s.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n, nil, nil, nil, nil); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}
