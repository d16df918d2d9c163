package wannabuild

import (
	"slices"
	"strconv"
	"strings"

	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/translate"
)

// everything is the columns whose changes are published one by one.
var everything = []string{
	"version", "notes", "builder", "failed", "failed_category", "depends", "bd_problem", "installed_version",
	"binary_nmu_version", "binary_nmu_changelog", "buildpri", "permbuildpri", "extra_depends", "extra_conflicts",
	"section", "priority", "build_arch_all",
}

// published is the columns that the events of every transition carry.
var published = []string{"version", "notes", "builder", "build_arch_all"}

// owned is the columns that belong to a state: its event carries them, and
// leaving it empties them.
var owned = map[string]string{
	"failed": "Failed", "failed_category": "Failed", "depends": "Dep-Wait", "bd_problem": "BD-Uninstallable", "installed_version": "Installed",
}

// besides is the columns that the events of the change's transition do not
// carry.
func (t translator) besides(ch Change) []string {
	asked, ended := renumbered(ch)
	rebuilt := asked || ended || // its own event, or none, because it ended with the version
		number(ch.After, "binary_nmu_version") <= 0 && ch.Before.Text("version") != ch.After.Text("version")
	return slices.DeleteFunc(slices.Clone(everything), func(name string) bool {
		owner, is := owned[name]
		return slices.Contains(published, name) || rebuilt && strings.HasPrefix(name, "binary_nmu_") ||
			is && (ch.After.Text(name) == "" || ch.After.Text("state") == owner)
	})
}

// Watched names the columns of packages that events are made of.
func Watched() []string {
	return []string{
		"version", "state", "section", "priority", "installed_version", "previous_state", "state_change", "notes", "builder",
		"failed", "failed_category", "binary_nmu_version", "binary_nmu_changelog", "permbuildpri", "buildpri", "depends",
		"bd_problem", "extra_depends", "extra_conflicts", "build_arch_all",
	}
}

// updates tells each of the columns that differs.
func (t translator) updates(ch Change, columns []string) []event.Event {
	var events []event.Event
	for _, name := range columns {
		from, known := ch.Before[name]
		to, is := ch.After[name]
		if !known || !is || dbrow.Same(from, to) || name == "build_arch_all" && flag(ch.Before, name) == flag(ch.After, name) {
			continue // NULL means no
		}
		b := Updated{Package: t.body(ch, earlier(ch.After)), Field: name}
		var cutFrom, cutTo bool
		b.From, cutFrom = long(ch.Before, name)
		b.To, cutTo = long(ch.After, name)
		b.Truncated = cutFrom || cutTo
		events = append(events, event.Event{
			Kind: updateKind, Key: updateKey(ch.After, name, ch.Revision, from, to, t.zone), Body: b,
		})
	}
	return events
}

// recorded is what a row of pkg_history tells.
func (t translator) recorded(row dbrow.Columns) ([]event.Event, error) {
	for _, name := range []string{"architecture", "package", "distribution", "timestamp", "result"} {
		if word(row, name) == "" {
			return nil, translate.Poison("the row of pkg_history has no %s", name)
		}
	}
	at := t.time(row.Text("timestamp"))
	return []event.Event{{Kind: recordKind, Key: recordKey(row, t.zone), Time: at, Body: Recorded{
		Package: word(row, "package"), Version: word(row, "version"), Suite: word(row, "distribution"),
		Architecture: word(row, "architecture"), Result: word(row, "result"), BuildTime: number(row, "build_time"),
		DiskSpace: int64(number(row, "disk_space")), Builder: word(row, "builder"), Time: event.Stamp(at), URL: logLink(row),
	}}}, nil
}

// replaced is the news that the database is another one.
func replaced(r Replacement) []event.Event {
	short := func(s string) string { s, _ = dbrow.Cut(s, maxWord); return s }
	which := event.Stamp(r.Time)
	if r.Generation > 0 {
		which = strconv.Itoa(r.Generation)
	}
	return []event.Event{{Kind: replaceKind, Key: "database/" + short(r.From) + "/" + short(r.To) + "/" + which, Time: r.Time,
		Body: Replaced{Why: short(r.Why), From: short(r.From), To: short(r.To), Time: event.Stamp(r.Time)}}}
}
