package wannabuild

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"busbar/common/dbrow"
	"busbar/fixtures/cases"
)

// TestImported: --import writes rows without the time of their state. Nothing
// happened to them; what happens next is published, each time again.
func TestImported(t *testing.T) {
	for _, state := range slices.Sorted(maps.Keys(states)) {
		was := row(state, "Building", "10:00:00", "binary_nmu_version", "1", "build_arch_all", "f")
		imported := maps.Clone(was)
		imported["state_change"], imported["build_arch_all"] = nil, nil
		if got := topics(eventsOf(t, Change{Before: was, After: imported})); len(got) > 0 {
			t.Errorf("%s, imported, is told as %q", state, got)
		}
		imported["previous_state"] = columns("x", ".")["x"]
		if got := topics(eventsOf(t, Change{Before: was, After: imported})); len(got) > 0 {
			t.Errorf("%s, imported with a point, is told as %q", state, got)
		}
		if got := eventsOf(t, Change{Before: imported, After: row(state, "Building", "11:00:00", "binary_nmu_version", "1")}); len(got) == 0 {
			t.Errorf("%s, reached after an import, is not told", state)
		}
		gone := map[string]bool{}
		for _, revision := range []int64{1, 3, 5} {
			for _, id := range ids(eventsOf(t, Change{Before: imported, Revision: revision})) {
				if gone[id] {
					t.Errorf("%s: a row without a time that goes once more is no news", state)
				}
				gone[id] = true
			}
		}
	}
	old := row("Built", "Building", "09:00:00")
	if got := topics(eventsOf(t, Change{Before: row("Built", "Building", "10:00:00"), After: old})); len(got) > 0 {
		t.Errorf("the same state with an older time is told as %q", got)
	}
}

// TestPassedBy: of a binNMU that was asked for between two polls nobody knows the
// number, and it is not the one before, also not in what the log says next.
func TestPassedBy(t *testing.T) {
	before := row("Installed", "Uploaded", "10:00:00", "binary_nmu_version", "1")
	now := row("Installed", "BD-Uninstallable", "10:09:00")
	tracked, list := before, []dbrow.Columns{
		logRow("--binNMU", "Installed", "BD-Uninstallable", "10:05:00"),
		logRow("--merge-all (dose)", "BD-Uninstallable", "Needs-Build", "10:06:00"),
		logRow("--take", "Needs-Build", "Building", "10:07:00"),
		logRow("--binNMU", "Building", "Installed", "10:08:00"),
	}
	for _, log := range list {
		for _, e := range eventsOf(t, Change{Log: log, Before: tracked, After: now, Follows: true}) {
			if version := packageOf(e.Body).Version; version != "3.1-2" {
				t.Errorf("%s is told of %s", log.Text("action"), version)
			}
		}
		tracked = Advance(tracked, log, time.UTC)
	}
}

func packageOf(body any) Package {
	switch b := body.(type) {
	case Queued:
		return b.Package
	case Blocked:
		return b.Package
	case Installed:
		return b.Package
	case Rebuild:
		return b.Package
	case Package:
		return b
	}
	return Package{}
}

// TestNamesByBytes: no two packages share an id, however little their names
// differ.
func TestNamesByBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{"a", "a", "b", "%", "/", " ", "  ", "\t", "\x00", "é", "\xe9", "\xc3", "\xff", "\ufffd", "%25", "%E9", `\xe9`, "\u0085", "%%"}
	word := func() (s string) {
		for range 1 + rnd.IntN(4) {
			s += alphabet[rnd.IntN(len(alphabet))]
		}
		if rnd.IntN(50) == 0 {
			for len(s) <= maxWord {
				s += s + "x"
			}
		}
		return s
	}
	names := map[string][3]string{}
	tried := 0
	rounds := cases.Of(4_000, 20_000)
	for range rounds {
		name := [3]string{word(), word(), word()}
		r := columns("architecture", name[0], "distribution", name[1], "package", name[2], "state", "Built", "state_change", "2026-03-14 10:00:00")
		if readable(r) != nil {
			continue // poison
		}
		tried++
		for _, id := range ids(eventsOf(t, Change{After: r})) {
			if other, known := names[id]; known && other != name {
				t.Fatalf("%q and %q have one id", other, name)
			}
			names[id] = name
		}
	}
	if tried < rounds/2 {
		t.Errorf("only %d names were tried", tried)
	}
}
