package wannabuild

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/state"
	"busbar/common/translate"
)

// TestPresent follows a row through its life, by the log and by comparing: after each
// step the state is the row.
func TestPresent(t *testing.T) {
	row := func(more ...string) dbrow.Columns {
		r := dbrow.Columns{}
		for _, pair := range append([]string{"architecture=arm64", "package=teapot", "distribution=sid", "version=1-1", "state=Needs-Build", "state_change=2026-01-01 00:00:00", "notes=uncompiled",
			"builder=", "failed=", "failed_category=", "depends=", "bd_problem=", "installed_version=", "binary_nmu_version=", "buildpri=", "build_arch_all=f"}, more...) {
			name, value, _ := strings.Cut(pair, "=")
			if r[name] = &value; value == "" {
				r[name] = nil
			}
		}
		return r
	}
	rows := []dbrow.Columns{
		row(),
		row("state=Building", "state_change=2026-01-01 00:01:00", "builder=b1"),
		row("state=Failed", "state_change=2026-01-01 00:02:00", "builder=b1", "failed=it leaks", "failed_category=compiler"),
		row("state=Failed", "state_change=2026-01-01 00:02:00", "builder=b1", "failed=it leaks\nmuch", "failed_category=compiler", "buildpri=7"),
		row("state=Dep-Wait", "state_change=2026-01-01 00:03:00", "depends=kettle (>= 2)", "buildpri=7", "version=1-2"),
		row("state=Installed", "state_change=2026-01-01 00:04:00", "installed_version=1-2", "version=1-2", "notes="),
		row("state=Needs-Build", "state_change=2026-01-01 00:05:00", "version=1-2", "binary_nmu_version=3", "build_arch_all=t", "previous_state=Installed"),
		row("state=Building", "state_change=2026-01-01 00:01:00", "builder=b2"), // it went back
		nil,
		row("state_change=2026-01-01 00:06:00"),
	}
	table, err := state.NewTable(Present())
	if err != nil {
		t.Fatal(err)
	}
	things := map[string]*state.Thing{}
	seq := int64(0)
	var before dbrow.Columns
	for i, after := range rows {
		o, err := translate.Run([]translate.Translator[Change]{Translator(time.UTC)}, translate.Item[Change]{Value: Change{Before: before, After: after, Revision: int64(i)}})
		if err != nil || o.Poison != "" || len(o.Events) == 0 {
			t.Fatalf("step %d becomes %+v, %v", i, o, err)
		}
		for _, e := range o.Events {
			text, err := event.CanonicalOf(e.Body)
			if err != nil {
				t.Fatal(err)
			}
			body, err := event.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			seq++
			m := event.Envelope{Topic: "org.debian.dev." + e.Kind.Topic, Timestamp: 1, Publisher: "p", Seq: seq, Msg: body, EventTime: event.Stamp(e.Time)}
			for _, u := range table.Updates(m) {
				if things[u.Key] == nil {
					things[u.Key] = &state.Thing{}
				}
				things[u.Key].Apply(u, state.StampOf(m, seq, 0))
			}
		}
		key := PresentKey(row())
		if len(things) != 1 || things[key] == nil {
			t.Fatalf("%d things, none is %s", len(things), key)
		}
		var value map[string]any
		if err := json.Unmarshal([]byte(things[key].Value()), &value); err != nil {
			t.Fatal(err)
		}
		if list := Differs(value, after); len(list) > 0 {
			t.Errorf("step %d: %s, and it differs: %q", i, things[key].Value(), list)
		}
		if i == 3 && (value["reason"] != "it leaks\nmuch" || value["buildpri"] != "7") {
			t.Errorf("what changed without the state is not there: %v", value)
		}
		for _, wrong := range []dbrow.Columns{nil, row("state=Uploaded", "version=9", "builder=b9"), row("state="+after.Text("state"), "version=0")} {
			if (wrong == nil) != (after == nil) && len(Differs(value, wrong)) == 0 || wrong != nil && len(Differs(value, wrong)) == 0 {
				t.Errorf("step %d: %v is no difference", i, wrong)
			}
		}
		before = after
	}
}
