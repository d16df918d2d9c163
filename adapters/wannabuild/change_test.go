package wannabuild

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"busbar/common/dbrow"
)

func columns(kv ...string) dbrow.Columns {
	row := dbrow.Columns{}
	for i := 0; i < len(kv); i += 2 {
		row[kv[i]] = &kv[i+1]
	}
	return row
}

func TestParseChange(t *testing.T) {
	for text, want := range map[string]Change{
		`{"package":"a","state":"Built","buildpri":7,"build_arch_all":false,"failed":null}`: {After: dbrow.Columns{
			"package": ptr("a"), "state": ptr("Built"), "buildpri": ptr("7"), "build_arch_all": ptr("false"), "failed": nil}},
		`{"package":"a","action":"--take","state":"Building"}`: {Log: columns("package", "a", "action", "--take", "state", "Building")},
		`{"package":"a","result":"failed"}`:                    {Build: columns("package", "a", "result", "failed")},
		`{"before":{"state":"x"},"after":null,"revision":3,"recovered":true}`: {
			Before: columns("state", "x"), Revision: 3, Recovered: true},
	} {
		got, err := ParseChange([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v (%v)", text, got, err)
		}
	}
	for text, want := range map[string]string{
		`{"colour":"red"}`:             "none of before, after",
		`{"state":["a"]}`:              "neither text",
		`nonsense`:                     "invalid character",
		`{"after":7}`:                  "after",
		`{"after":{},"revision":"no"}`: "revision",
	} {
		if _, err := ParseChange([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", text, err, want)
		}
	}
}

func ptr(s string) *string { return &s }

func TestTimes(t *testing.T) {
	east := time.FixedZone("", 2*3600)
	for text, want := range map[string]string{
		"2026-11-23 20:10:24.977818":    "2026-11-23T18:10:24.977818Z",
		"2026-11-23T20:10:24.977818":    "2026-11-23T18:10:24.977818Z",
		"2026-11-23 20:10:24":           "2026-11-23T18:10:24Z",
		"2012 Jan 31 12:34:56":          "2012-01-31T10:34:56Z",
		"2026-11-23T20:10:24.9Z":        "2026-11-23T20:10:24.9Z",
		"2026-11-23 20:10:24.977818+00": "2026-11-23T20:10:24.977818Z",
		"yesterday":                     "yesterday",
		"":                              "",
	} {
		if got := moment(text, east); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestAdvance follows a package through its log as a poller does that saw none
// of the rows in between.
func TestAdvance(t *testing.T) {
	base := []string{"architecture", "arm64", "package", "teapot", "distribution", "sid", "version", "1-1"}
	at := func(state, when string) dbrow.Columns {
		return columns(append([]string{"state", state, "time", when}, base...)...)
	}
	row := Advance(nil, at("Needs-Build", "2026-01-01 00:00:01"), time.UTC)
	if row.Text("state") != "Needs-Build" || row.Text("state_change") != "2026-01-01 00:00:01" || row["previous_state"] != nil {
		t.Errorf("a new row is %v", row)
	}
	first := row
	row = Advance(row, at("Failed", "2026-01-01 00:00:02"), time.UTC)
	again := Advance(row, at("Failed", "2026-01-01 00:00:03"), time.UTC)
	if again.Text("state_change") != "2026-01-01 00:00:02" || again.Text("previous_state") != "Needs-Build" {
		t.Errorf("an action that leaves the state makes %v", again)
	}
	if first.Text("state") != "Needs-Build" {
		t.Error("the row before was changed")
	}
	if got := Advance(row, at("Built", "2026-01-01 00:00:00"), time.UTC); got.Text("state") != "Failed" {
		t.Errorf("an older row of the log makes %v", got)
	}
	if got := Advance(row, at(deleted, "2026-01-01 00:00:04"), time.UTC); got != nil {
		t.Errorf("a deletion makes %v", got)
	}
}

func TestEffectiveVersion(t *testing.T) {
	for _, c := range []struct {
		version string
		n       int
		want    string
	}{{"1-1", 0, "1-1"}, {"1-1", 2, "1-1+b2"}, {"1-1+b2", 2, "1-1+b2"}, {"1-1+b1", 2, "1-1+b1+b2"}, {"", 2, ""}} {
		if got := effective(c.version, c.n); got != c.want {
			t.Errorf("%s rebuilt %d times is %s, want %s", c.version, c.n, got, c.want)
		}
	}
}
