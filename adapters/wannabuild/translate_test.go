package wannabuild

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/translate"
)

// row is a row of packages; more are names and values of other columns.
func row(state, previous, when string, more ...string) dbrow.Columns {
	r := columns("architecture", "arm64", "package", "teapot", "distribution", "sid", "version", "3.1-2",
		"state", state, "previous_state", previous, "state_change", "2026-03-14 "+when)
	for _, name := range Watched() {
		if _, is := r[name]; !is {
			r[name] = nil
		}
	}
	maps.Copy(r, columns(more...))
	return r
}

// logRow is a row of transactions.
func logRow(action, prevstate, state, when string) dbrow.Columns {
	return columns("architecture", "arm64", "package", "teapot", "distribution", "sid", "version", "3.1-2", "action", action,
		"prevstate", prevstate, "state", state, "real_user", "wbuser", "set_user", "wbadm", "time", "2026-03-14 "+when)
}

func eventsOf(t *testing.T, ch Change) []event.Event {
	t.Helper()
	o, err := translate.Run([]translate.Translator[Change]{Translator(time.UTC)}, translate.Item[Change]{Value: ch})
	if err != nil || o.Poison != "" {
		t.Fatalf("%+v gives poison %q, %v", ch, o.Poison, err)
	}
	return o.Events
}

func topics(events []event.Event) (list []string) {
	for _, e := range events {
		name := strings.TrimPrefix(e.Kind.Topic, "wannabuild.")
		if u, is := e.Body.(Updated); is {
			name += " " + u.Field
		}
		list = append(list, name)
	}
	return list
}

func ids(events []event.Event) (list []string) {
	for _, e := range events {
		list = append(list, e.UUID().String())
	}
	return list
}

// TestTransitions takes each step of a package's life both ways: by the log,
// and by comparing. Both give the same events with the same ids.
func TestTransitions(t *testing.T) {
	for _, c := range []struct {
		action, from, to string
		was, is          []string // other columns of the rows
		want             string
	}{
		{"--merge-v3: needs-build", "Installed", "Needs-Build", nil, nil, "build.queue"},
		{"--merge-all (dose)", "Needs-Build", "BD-Uninstallable", nil, []string{"bd_problem", "no libsteam"}, "build.block"},
		{"--merge-all (dose)", "BD-Uninstallable", "Needs-Build", []string{"bd_problem", "no libsteam"}, nil, "build.queue"},
		{"--take", "Needs-Build", "Building", nil, []string{"builder", "barber"}, "build.take"},
		{"--set-built", "Building", "Built", nil, nil, "build.finish"},
		{"--set-attempted", "Building", "Build-Attempted", nil, nil, "build.attempt"},
		{"--set-uploaded", "Built", "Uploaded", nil, nil, "build.upload"},
		{"--merge-v3: Installed", "Uploaded", "Installed", []string{"extra_depends", "x"}, []string{"installed_version", "3.1-2"},
			"build.install, package.update extra_depends"},
		{"--dep-wait", "Building", "Dep-Wait", nil, []string{"depends", "kettle (>= 2)"}, "build.wait"},
		{"--set-failed", "Build-Attempted", "Failed", nil, []string{"failed", "it leaks", "failed_category", "lid"}, "build.fail"},
		{"--merge-v3: Failed-Removed", "Failed", "Failed-Removed", []string{"failed", "it leaks"}, nil, "build.drop"},
		{"--no-build", "Dep-Wait", "Not-For-Us", nil, nil, "build.exclude"},
		{"--merge-v3: Auto-Not-For-Us", "Needs-Build", "Auto-Not-For-Us", nil, []string{"notes", "arch-not-in-arch-list"}, "build.exclude"},
		{"--no-build(rev)", "Not-For-Us", "Failed", nil, []string{"failed", "Was Not-For-Us previously"}, "build.fail, build.include"},
		{"--merge-v3: needs-build", "Auto-Not-For-Us", "Needs-Build", nil, nil, "build.queue, build.include"},
		{"--give-back", "Failed", "BD-Uninstallable", []string{"failed", "it leaks"}, nil, "build.block, build.retry"},
		{"--set-give-back", "Uploaded", "Needs-Build", nil, []string{"buildpri", "7"}, "build.queue, build.retry, package.update buildpri"},
		{"--binNMU", "Installed", "BD-Uninstallable", nil, []string{"binary_nmu_version", "1", "binary_nmu_changelog", "Rebuild."},
			"build.block, binnmu.request"},
		{"--binNMU", "BD-Uninstallable", "Installed", []string{"binary_nmu_version", "1", "binary_nmu_changelog", "Rebuild."}, nil,
			"build.install, binnmu.cancel"},
		{"--boil", "Needs-Build", "Boiling", nil, []string{"priority", "extra", "section", "hot"},
			"package.state.update, package.update section, package.update priority"},
	} {
		before, after := row(c.from, "", "10:00:00", c.was...), row(c.to, c.from, "10:05:00.5", c.is...)
		byLog := eventsOf(t, Change{Log: logRow(c.action, c.from, c.to, "10:05:00.5"), Newest: true, Before: before, After: after})
		compared := eventsOf(t, Change{Before: before, After: after})
		for how, events := range map[string][]event.Event{"the log": byLog, "comparing": compared} {
			got := topics(events)
			slices.Sort(got)
			want := strings.Split(c.want, ", ")
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s to %s: %s tells %q, want %q", c.action, c.from, c.to, how, got, want)
			}
		}
		a, b := ids(byLog), ids(compared)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%s, %s to %s: the log and comparing tell it with other ids", c.action, c.from, c.to)
		}
	}
}

// TestNotGuessed: what a comparison cannot know for sure it does not tell.
func TestNotGuessed(t *testing.T) {
	newer := row("Needs-Build", "Failed", "10:05:00", "version", "3.1-3")
	for name, c := range map[string]struct {
		ch   Change
		want []string
	}{
		"a new version is no give-back": {Change{Before: row("Failed", "", "10:00:00"), After: newer}, []string{"build.queue"}},
		"nor is it a cancelled binNMU": {Change{Before: row("Failed", "", "10:00:00", "binary_nmu_version", "2"), After: newer},
			[]string{"build.queue"}},
		"the end of a dependency is no give-back": {Change{Before: row("BD-Uninstallable", "", "10:00:00"),
			After: row("Needs-Build", "BD-Uninstallable", "10:05:00")}, []string{"build.queue"}},
		"when a binNMU was asked for is not known": {Change{Before: row("Installed", "", "10:00:00"),
			After: row("Building", "Needs-Build", "10:05:00", "binary_nmu_version", "1")},
			[]string{"build.take", "package.update binary_nmu_version"}},
		"the state that was passed by": {Change{Before: row("Failed", "", "10:00:00"), After: row("Failed", "Building", "10:05:00")},
			[]string{"build.fail"}},
		"a column that could not be read": {Change{Before: row("Built", "", "10:00:00", "notes", "x"),
			After: columns("architecture", "arm64", "package", "teapot", "distribution", "sid", "state", "Built", "state_change", "2026-03-14 10:00:00")}, nil},
	} {
		if got := topics(eventsOf(t, c.ch)); !slices.Equal(got, c.want) {
			t.Errorf("%s: told is %q, want %q", name, got, c.want)
		}
	}
}

// TestWentBack: a row that is older than what was published is told to hold, under
// an id that no earlier event has, however often it happens.
func TestWentBack(t *testing.T) {
	old, now := row("Building", "Needs-Build", "10:00:00"), row("Built", "Building", "10:05:00")
	first := ids(eventsOf(t, Change{Before: row("Needs-Build", "", "09:00:00"), After: old}))
	back := eventsOf(t, Change{Before: now, After: old, Revision: 2})
	if got := topics(back); !slices.Equal(got, []string{"build.take", "package.update state"}) {
		t.Fatalf("told is %q", got)
	}
	if back[0].UUID().String() != first[0] {
		t.Error("the same transition has another id")
	}
	again := eventsOf(t, Change{Before: now, After: old, Revision: 4})
	if again[1].UUID() == back[1].UUID() {
		t.Error("going back for the second time is no news")
	}
	byHand := row("Failed", "Needs-Build", "10:00:00") // the time stays
	if got := topics(eventsOf(t, Change{Before: old, After: byHand})); !slices.Contains(got, "package.update state") {
		t.Errorf("a state set by hand is told as %q", got)
	}
	// A restore brings back a row that was told to be gone.
	gone := "deleted"
	if got := topics(eventsOf(t, Change{Before: dbrow.Columns{"state": &gone}, After: old, Revision: 1})); !slices.Contains(got, "package.update state") {
		t.Errorf("a package that is there again is told as %q", got)
	}
	// An import leaves no times: a later state did not go back.
	imported := row("Building", "Needs-Build", "10:00:00")
	imported["state_change"] = nil
	if got := topics(eventsOf(t, Change{Before: imported, After: now})); slices.Contains(got, "package.update state") {
		t.Errorf("a state after an import is told as %q", got)
	}
}

// TestRowsOfTheLogReadAgain: what is tracked includes them by now, and no id
// hangs on that.
func TestRowsOfTheLogReadAgain(t *testing.T) {
	tracked := row("Installed", "Uploaded", "12:00:00")
	for _, log := range []dbrow.Columns{
		logRow("--take", "Needs-Build", "Building", "10:00:00"),
		logRow("--set-failed", "Failed", "Failed", "10:05:00"),
		logRow("--give-back", "Failed", "Needs-Build", "10:06:00"),
		logRow("--no-build(rev)", "Not-For-Us", "Failed", "10:07:00"),
		logRow("--binNMU", "Installed", "BD-Uninstallable", "10:08:00"),
	} {
		before := row(log.Text("prevstate"), "", "09:59:00")
		first := ids(eventsOf(t, Change{Log: log, Before: before, After: tracked}))
		for name, ch := range map[string]Change{
			"after all":       {Log: log, Before: tracked, After: tracked},
			"right after":     {Log: log, Before: Advance(before, log, time.UTC)},
			"after a removal": {Log: log},
		} {
			if again := ids(eventsOf(t, ch)); !slices.Equal(again, first) {
				t.Errorf("%s, read %s, has other ids", log.Text("action"), name)
			}
		}
	}
	gone := logRow("--forget", "Installed", deleted, "11:00:00")
	for name, before := range map[string]dbrow.Columns{"gone": nil, "there anew": tracked} {
		if events := eventsOf(t, Change{Log: gone, Before: before}); len(events) > 0 {
			t.Errorf("the end of a row that is %s is told as %q", name, topics(events))
		}
	}
}

func TestPoison(t *testing.T) {
	for _, name := range []string{"architecture", "package", "distribution", "state"} {
		bad := row("Built", "Building", "10:00:00")
		bad[name] = nil
		for _, ch := range []Change{{After: bad}, {Before: bad}, {Log: bad}} {
			o, err := translate.Run([]translate.Translator[Change]{Translator(time.UTC)}, translate.Item[Change]{Value: ch})
			if err != nil || o.Poison != "the row has no "+name {
				t.Errorf("without %s it gives %+v (%v)", name, o, err)
			}
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	flood := strings.Repeat("ü", 1<<20)
	e := eventsOf(t, Change{Before: row("Building", "", "10:00:00"), After: row("Failed", "Building", "10:01:00", "failed", flood)})[0]
	if b := e.Body.(Failed); !b.Truncated || len(b.Reason) > maxText || !strings.HasPrefix(flood, b.Reason) {
		t.Errorf("%d bytes are told, cut %v", len(b.Reason), b.Truncated)
	}
	a := eventsOf(t, Change{Before: row("Failed", "", "10:00:00", "failed", flood), After: row("Failed", "", "10:00:00", "failed", flood+"!")})
	b := eventsOf(t, Change{Before: row("Failed", "", "10:00:00", "failed", flood), After: row("Failed", "", "10:00:00", "failed", flood+"?")})
	if len(a) != 1 || len(b) != 1 || a[0].UUID() == b[0].UUID() {
		t.Error("texts that differ only after the cut are one fact")
	}
}
