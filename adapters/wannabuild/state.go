package wannabuild

import (
	"strconv"

	"busbar/common/dbrow"
	"busbar/common/event"
)

// deleted is what the log writes for a row that was removed; no row of packages
// bears it.
const deleted = "deleted"

// states are the kinds of the states that have one.
var states = map[string]*event.Kind{
	"Needs-Build":      queueKind,
	"BD-Uninstallable": blockKind,
	"Building":         takeKind,
	"Built":            finishKind,
	"Build-Attempted":  attemptKind,
	"Uploaded":         uploadKind,
	"Installed":        installKind,
	"Dep-Wait":         waitKind,
	"Failed":           failKind,
	"Failed-Removed":   dropKind,
	"Not-For-Us":       excludeKind,
	"Auto-Not-For-Us":  excludeKind,
}

// state is the event of a transition.
func (t translator) state(ch Change, previous, at string) event.Event {
	b := t.body(ch, previous)
	kind, ok := states[b.State]
	if !ok {
		kind = stateKind
	}
	e := event.Event{Kind: kind, Key: timeless(StateKey(t.row(ch), at, b.State, ch.Nth, t.zone), at, ch.Revision), Time: t.time(at)}
	now := t.now(ch) // details that only the present row has
	switch kind {
	case queueKind:
		e.Body = Queued{Package: b, Reason: b.Notes}
	case blockKind:
		problem, was := long(now, "bd_problem")
		e.Body = Blocked{Package: b, Problem: problem, Truncated: was}
	case installKind:
		e.Body = Installed{Package: b, InstalledVersion: word(now, "installed_version")}
	case waitKind:
		depends, was := long(now, "depends")
		e.Body = Waiting{Package: b, Depends: depends, Truncated: was}
	case failKind:
		reason, was := long(now, "failed")
		e.Body = Failed{Package: b, Reason: reason, Category: word(now, "failed_category"), Truncated: was}
	case excludeKind:
		e.Body = Excluded{Package: b, Automatic: b.State == "Auto-Not-For-Us"}
	default:
		e.Body = b
	}
	return e
}

// row is the row that names the package.
func (t translator) row(ch Change) dbrow.Columns {
	switch {
	case ch.Log != nil:
		return ch.Log
	case ch.After != nil:
		return ch.After
	}
	return ch.Before
}

// now is the present row, where the change led to it or, being no transition,
// left it where it was.
func (t translator) now(ch Change) dbrow.Columns {
	if ch.Log == nil || ch.Newest || t.repeated(ch) && dbrow.Same(ch.Before["state_change"], ch.After["state_change"]) {
		return ch.After
	}
	return nil
}

// body is what all events of the change tell.
func (t translator) body(ch Change, previous string) Package {
	row, now := t.row(ch), t.now(ch)
	at := row.Text("state_change")
	if ch.Log != nil {
		at = ch.Log.Text("time")
	}
	b := Package{
		Package: word(row, "package"), Suite: word(row, "distribution"), Architecture: word(row, "architecture"),
		Version: effective(word(row, "version"), t.binNMU(ch)), State: word(row, "state"), Previous: previous,
		Changed: event.Stamp(t.time(at)), Builder: word(now, "builder"), Notes: word(now, "notes"),
		BuildArchAll: flag(now, "build_arch_all"),
	}
	if ch.Log != nil {
		b.Repeated = t.repeated(ch)
		b.Action, b.User, b.RealUser = word(ch.Log, "action"), word(ch.Log, "set_user"), word(ch.Log, "real_user")
		if now == nil && builds(b.State) {
			b.Builder = b.User // the build daemon itself says so
		}
	}
	b.URL = Link(b.Package, b.Suite)
	return b
}

// repeated reports whether a row of the log left the state as it was. Such a row
// has a time of its own, and so a key of its own, while state_change stays.
func (t translator) repeated(ch Change) bool {
	return ch.Before != nil && ch.Before.Text("state") == ch.Log.Text("state") &&
		older(ch.Before.Text("state_change"), ch.Log.Text("time"), t.zone)
}

// builds reports whether only a builder leads to the state.
func builds(state string) bool {
	switch state {
	case "Building", "Built", "Build-Attempted", "Uploaded":
		return true
	}
	return false
}

// binNMU is the number of the rebuild that the change is about. That of one that
// was just asked for is not the one before, and the log does not have it.
func (t translator) binNMU(ch Change) int {
	switch now := t.now(ch); {
	case now != nil:
		return number(now, "binary_nmu_version")
	case ch.Log == nil:
		return number(ch.Before, "binary_nmu_version")
	case asked(ch.Log):
		return 0
	case ch.Before.Text("version") == ch.Log.Text("version"):
		return number(ch.Before, "binary_nmu_version")
	}
	return 0
}

// forgotten is the event of a row that is gone.
func (t translator) forgotten(ch Change, previous string) event.Event {
	b := t.body(ch, previous)
	b.State = deleted
	e := event.Event{Kind: forgetKind, Body: b}
	if ch.Log != nil {
		e.Time = t.time(ch.Log.Text("time"))
	}
	e.Key = forgetKey(ch.Before, ch.Revision, t.zone)
	if ch.Log != nil && moment(ch.Log.Text("time"), t.zone) == moment(ch.Before.Text("state_change"), t.zone) {
		// The row lived within one transaction, or its last state did. It may
		// come back there with the same time.
		e.Key += "/within/" + strconv.Itoa(ch.Nth)
	}
	if ch.Log != nil && ch.Before.Text("state_change") == "" { // a bare row of the log
		e.Key = StateKey(ch.Log, ch.Log.Text("time"), "forget", 0, t.zone)
	}
	if ch.Log == nil {
		b.Changed = "" // nobody knows when
		e.Body = b
	}
	return e
}
