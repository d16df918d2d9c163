package queue

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/adapters/wannabuild"
	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/fixtures/buildqueue"
	"busbar/fixtures/corpus"
)

var (
	record  = regexp.MustCompile(`^[0-9A-F]+/[0-9A-F]+\|[0-9]+\|(.*)$`)
	printed = regexp.MustCompile(`(?s)"?(\w+)"?\[([^\]]*)\]:(null|'(?:[^']|'')*'|[^ ]+)`)
	moment  = regexp.MustCompile(`^'(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?'$`)
)

// A captured is one transaction of the real program: statements that do it
// again, and the rows of the log that it leaves.
type captured struct {
	sql string
	log []dbrow.Columns
}

// capture reads the change stream of a life of a few packages, as PostgreSQL's
// test_decoding prints it. The times are moved as one into years
// to come: only what comes after the first poll is news.
func capture(t *testing.T, stream string) []captured {
	t.Helper()
	var records []string
	for line := range strings.Lines(stream) {
		if m := record.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			records = append(records, m[1])
		} else if len(records) > 0 { // a text with line breaks goes on
			records[len(records)-1] += "\n" + strings.TrimSuffix(line, "\n")
		}
	}
	var all []captured
	for _, r := range records {
		if strings.HasPrefix(r, "BEGIN") {
			all = append(all, captured{})
		}
		_, r, found := strings.Cut(r, "table public.")
		table, r, _ := strings.Cut(r, ": ")
		verb, values, _ := strings.Cut(r, ": ")
		if !found || table != "packages" && table != "transactions" {
			continue
		}
		all[len(all)-1].add(t, table, verb, values)
	}
	return slices.DeleteFunc(all, func(c captured) bool { return c.sql == "" })
}

func (c *captured) add(t *testing.T, table, verb, values string) {
	t.Helper()
	row := dbrow.Columns{}
	var names, texts, key []string
	for _, m := range printed.FindAllStringSubmatch(values, -1) {
		name, text := m[1], moved(t, m[3])
		if text != "null" {
			bare := strings.ReplaceAll(strings.Trim(text, "'"), "''", "'")
			row[name] = &bare
		}
		names, texts = append(names, name), append(texts, text)
		if slices.Contains([]string{"architecture", "package", "distribution"}, name) {
			key = append(key, name+" = "+text)
		}
	}
	if table == "transactions" {
		if verb == "DELETE" || row["action"] == nil || row["distribution"] == nil { // of a probe
			return
		}
		c.log = append(c.log, row)
	}
	if verb != "INSERT" {
		c.sql += fmt.Sprintf("DELETE FROM %s WHERE %s; ", table, strings.Join(key, " AND "))
	}
	if verb != "DELETE" {
		c.sql += fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s); ", table, strings.Join(names, ", "), strings.Join(texts, ", "))
	}
}

func moved(t *testing.T, text string) string {
	m := moment.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	at, err := time.Parse(time.DateTime, m[1])
	if err != nil {
		t.Fatal(err)
	}
	return "'" + at.AddDate(100, 0, 0).Format(time.DateTime) + m[2] + "'"
}

// capturedSite is a queue with the suites of the real one, of which one is not
// public, and its poller's first poll.
func capturedSite(t *testing.T, role string) *site {
	s := newSite(t, role)
	s.sql("INSERT INTO distributions VALUES ('experimental', true), ('stable-security', false); SELECT add_architecture('all')")
	if role == "views" {
		s.sql("REVOKE SELECT ON all_public.transactions FROM guest")
	}
	s.poll()
	return s
}

// lives replays the history with a poll after every n transactions, and gives
// the facts that are published, by identity; without single columns, of which the
// outcome is published as often as is polled.
func lives(t *testing.T, role string, n int, all []captured) map[string]string {
	t.Helper()
	s := capturedSite(t, role)
	r := s.start(nil)
	defer r.stop()
	for batch := range slices.Chunk(all, n) {
		var text strings.Builder
		for _, c := range batch {
			text.WriteString("BEGIN; " + c.sql + "COMMIT;\n")
		}
		s.sql(text.String())
		r.poll()
	}
	told := s.told()
	r.poll()
	if more := len(s.told()) - len(told); more > 0 {
		t.Errorf("%s, a poll after every %d transactions: polling again tells %d more", role, n, more)
	}
	facts := map[string]string{}
	for id, what := range told {
		if strings.HasPrefix(what, "package.update ") {
			continue
		}
		u, err := event.IDUUID(id)
		if err != nil {
			t.Fatal(err)
		}
		facts[u.String()] = strings.TrimSuffix(what, " recovered")
	}
	return facts
}

// TestCapturedHistory replays whole histories into a database: the fixture's and,
// where captures are, the real program's.
func TestCapturedHistory(t *testing.T) {
	t.Run("fixture", func(t *testing.T) { capturedHistory(t, buildqueue.Stream, false) })
	if dir, ok := corpus.Captures(t); ok {
		raw, err := os.ReadFile(filepath.Join(dir, "wanna-build", "logical-decoding.test_decoding.txt"))
		if err != nil {
			t.Fatal(err)
		}
		t.Run("captures", func(t *testing.T) { capturedHistory(t, string(raw), true) })
	}
}

// capturedHistory replays one; each asks for a poll after every transaction also
// where the log can be read by the views. Where
// the log can be read, the facts are the same however often is polled, with the
// same ids, and each row of the log is one. Where it cannot, nothing is published
// under another id, and what stays unknown is what `check` says.
func capturedHistory(t *testing.T, stream string, each bool) {
	all := capture(t, stream)
	every := lives(t, "wbadm", 1, all)
	rows, ends, untold := 0, 0, 0
	for _, c := range all {
		for _, row := range c.log {
			rows++
			if row.Text("state") == "deleted" {
				ends++ // named by the state that it ends
				continue
			}
			key := wannabuild.StateKey(row, row.Text("time"), row.Text("state"), 0, time.UTC)
			if every[event.UUID("wannabuild", key).String()] == "" {
				untold++
				t.Errorf("not told: %s", key)
			}
		}
	}
	t.Logf("%d transactions with %d rows of the log (%d of them ends) are %d facts; %d rows are not told", len(all), rows, ends, len(every), untold)
	seen := maps.Clone(every)
	maps.DeleteFunc(seen, func(_, what string) bool { return strings.HasSuffix(what, " stable-security") })
	if len(seen) == len(every) || len(seen) < 50 {
		t.Errorf("of %d facts %d are of public suites", len(every), len(seen))
	}
	for _, c := range []struct {
		role  string
		n     int
		facts map[string]string
		log   bool
	}{
		{"wbadm", len(all), every, true},
		{"guest", 1, seen, true}, {"guest", len(all), seen, true}, // 1: where each is asked for
		{"views", 1, seen, false}, {"views", len(all), seen, false},
	} {
		if c.role == "guest" && c.n == 1 && !each {
			continue // the log decides as for wbadm, and a poll a transaction takes its time
		}
		got := lives(t, c.role, c.n, all)
		missing, more := lacking(c.facts, got), lacking(got, c.facts)
		t.Logf("%s, a poll after every %d transactions: %d of %d facts; not told: %q", c.role, c.n, len(c.facts)-len(missing), len(c.facts), missing)
		if len(more) > 0 || c.log && len(missing) > 0 {
			t.Errorf("%s, a poll after every %d transactions: not told %q, told besides %q", c.role, c.n, missing, more)
		}
	}
}

// lacking is what a has and b has not.
func lacking(a, b map[string]string) []string {
	var list []string
	for id, what := range a {
		if _, ok := b[id]; !ok {
			list = append(list, what)
		}
	}
	slices.Sort(list)
	return list
}
