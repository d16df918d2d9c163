package compare

import (
	"testing"

	"busbar/dbpoll/database"
)

// TestRenewed: what an older version printed otherwise is no change; what is
// another value is one.
func TestRenewed(t *testing.T) {
	for _, c := range []struct {
		was, is string
		same    bool
	}{
		{"2026-03-01T00:00:00Z", "2026-03-01", true},
		{"2026-03-01T10:00:00Z", "2026-03-01 10:00", true},
		{"2026-03-01T10:00:00.5Z", "2026-03-01 10:00:00.5", true},
		{"2026-03-01T10:00:00Z", "2026-03-01 10:00:01", false},
		{"2026-03-01T10:00:00Z", "10:00", false},
		{"0.1", "0.10000001", true},
		{"0.1", "0.2", false},
		{"1", "2", false},
		{"0.12345678", "0.1234567", false}, // nobody printed eight digits of a FLOAT
		{"é\u0000", `\xe900`, true},
		{"é\u0000", `\xe800`, false},
		{"\u0001", "1", true},
		{"\u0001", "2", false},
		{"\u0000\u0001\u0002", "258", true},
		{"mint", "sage", false},
		{"", "0", false},
	} {
		before, after := columns("x", c.was), columns("x", c.is)
		renew(before, after, database.SQLite)
		if got := *before["x"] == *after["x"]; got != c.same {
			t.Errorf("%q and %q: the same is %v", c.was, c.is, got)
		}
		before = columns("x", c.was)
		if renew(before, after, database.PostgreSQL); *before["x"] != c.was {
			t.Errorf("%q of PostgreSQL became %q", c.was, *before["x"])
		}
	}
}
