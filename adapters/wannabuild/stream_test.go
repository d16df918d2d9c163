package wannabuild

import (
	"regexp"
	"strings"
	"testing"

	"busbar/common/dbrow"
)

// A step is one transaction of the writers: rows of the log that it added, and
// the rows of packages that it left, nil for those that it removed.
type step struct {
	log      []dbrow.Columns
	packages map[string]dbrow.Columns // by place
}

var (
	record = regexp.MustCompile(`^[0-9A-F]+/[0-9A-F]+\|[0-9]+\|(.*)$`)
	column = regexp.MustCompile(`(?s)"?(\w+)"?\[[^\]]*\]:(null|'(?:[^']|'')*'|[^ ]+)`)
)

// steps reads a change stream, in commit order, as PostgreSQL's test_decoding
// prints it.
func (r recording) steps(t *testing.T) []step {
	t.Helper()
	var records []string
	for line := range strings.Lines(r.stream) {
		if m := record.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			records = append(records, m[1])
		} else if len(records) > 0 { // a text with line breaks goes on
			records[len(records)-1] += "\n" + strings.TrimSuffix(line, "\n")
		}
	}
	var all []step
	for _, r := range records {
		if strings.HasPrefix(r, "BEGIN") {
			all = append(all, step{packages: map[string]dbrow.Columns{}})
			continue
		}
		_, what, ok := strings.Cut(r, "table public.")
		if !ok {
			continue
		}
		table, what, _ := strings.Cut(what, ": ")
		verb, what, _ := strings.Cut(what, ": ")
		row, now := dbrow.Columns{}, &all[len(all)-1]
		for _, m := range column.FindAllStringSubmatch(what, -1) {
			row[m[1]] = nil
			if m[2] != "null" {
				s := strings.ReplaceAll(strings.Trim(m[2], "'"), "''", "'")
				row[m[1]] = &s
			}
		}
		switch {
		case table == "packages" && verb == "DELETE":
			now.packages[place(row)] = nil
		case table == "packages":
			now.packages[place(row)] = row
		case table == "transactions" && verb == "INSERT" && row["action"] != nil && row["distribution"] != nil:
			now.log = append(now.log, row)
		}
	}
	if len(all) < 30 {
		t.Fatalf("the stream has only %d transactions", len(all))
	}
	return all
}

// TestSteps holds the reader of the stream to what is known of it.
func TestSteps(t *testing.T) { eachRecording(t, testSteps) }

func testSteps(t *testing.T, r recording) {
	var log, gone int
	for _, s := range r.steps(t) {
		log += len(s.log)
		for _, row := range s.packages {
			if row == nil {
				gone++
			}
		}
	}
	if want := len(rows(t, r.transactions)) + r.removed; log != want || gone != r.gone {
		t.Errorf("the stream has %d rows of the log, want %d, and %d deletions, want %d", log, want, gone, r.gone)
	}
}
