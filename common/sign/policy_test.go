package sign

import "testing"

func TestPolicy(t *testing.T) {
	p := Policy{Topics: map[string][]string{
		"a.b.c":   {"exact"},
		"a.b.*":   {"near", "both"},
		"a.*":     {"far", "both"},
		"nobody":  nil,
		"a.b.d.*": {"deep"},
	}}
	for _, c := range []struct {
		topic, name      string
		plain, nitpicked bool
	}{
		{"a.b.c", "exact", true, true},
		{"a.b.c", "near", false, false}, // the exact entry goes first
		{"a.b.x", "near", true, true},
		{"a.b.x.y", "both", true, true},
		{"a.b.x", "far", false, false},
		{"a.b.d.e", "deep", true, true},
		{"a.b.d.e", "near", false, false},
		{"a.b", "far", true, true},
		{"a.bc", "near", false, false}, // a prefix ends at a dot
		{"a.bc", "far", true, true},
		{"a", "far", true, false}, // the prefix itself is not below it
		{"nobody", "exact", false, false},
		{"elsewhere", "anyone", true, false},
		{"", "anyone", true, false},
		{".", "anyone", true, false},
		{"a.b.*", "near", true, true},
	} {
		for _, nitpicky := range []bool{false, true} {
			want := c.plain
			if nitpicky {
				want = c.nitpicked
			}
			p.Nitpicky = nitpicky
			if why := p.allow(c.topic, c.name); (why == "") != want {
				t.Errorf("may %s say %q (nitpicky %v)? %q", c.name, c.topic, nitpicky, why)
			}
		}
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"*", ".*", "a*", "a.*.b", ""} {
		if (Policy{Topics: map[string][]string{bad: nil}}).Check() == nil {
			t.Errorf("topic %q was taken", bad)
		}
	}
}
