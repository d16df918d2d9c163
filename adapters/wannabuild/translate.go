package wannabuild

import (
	"slices"
	"strings"
	"time"

	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/translate"
)

// Translator reads changes of the build queue. zone is that of its writers'
// sessions, in which times without a zone are meant.
func Translator(zone *time.Location) translate.Translator[Change] {
	t := translator{zone}
	return translate.Translator[Change]{Name: "wannabuild", Translate: t.translate, Kinds: Kinds(), Why: why}
}

type translator struct{ zone *time.Location }

// why names the row that tells the change.
func why(it translate.Item[Change]) string {
	ch := it.Value
	switch {
	case ch.Replaced != nil:
		return "the database was replaced"
	case ch.Build != nil:
		return "a row of pkg_history: result " + word(ch.Build, "result")
	case ch.Log != nil:
		return "a row of transactions: action " + word(ch.Log, "action")
	case ch.After == nil:
		return "the row of packages is gone"
	case ch.Before == nil:
		return "a new row of packages: state " + word(ch.After, "state")
	}
	return "a changed row of packages: state " + word(ch.After, "state")
}

func (t translator) translate(it translate.Item[Change]) ([]event.Event, error) {
	ch := it.Value
	events, err := t.events(ch)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, translate.Ignore("nothing that is told changed")
	}
	for i := range events {
		events[i].Recovered = events[i].Recovered || ch.Recovered
	}
	return events, nil
}

func (t translator) events(ch Change) ([]event.Event, error) {
	switch {
	case ch.Replaced != nil:
		return replaced(*ch.Replaced), nil
	case ch.Build != nil:
		return t.recorded(ch.Build)
	case ch.Log != nil:
		if err := readable(ch.Log); err != nil {
			return nil, err
		}
		return t.logged(ch)
	case ch.After == nil && ch.Before == nil:
		return nil, translate.Poison("the change has neither a row before nor one after")
	case ch.After == nil:
		if err := readable(ch.Before); err != nil {
			return nil, err
		}
		return []event.Event{t.forgotten(ch, ch.Before.Text("state"))}, nil
	}
	if err := readable(ch.After); err != nil {
		return nil, err
	}
	return t.compared(ch), nil
}

// readable wants what no row of the queue is without.
func readable(row dbrow.Columns) error {
	for _, name := range []string{"architecture", "package", "distribution", "state"} {
		if word(row, name) == "" {
			return translate.Poison("the row has no %s", name)
		}
	}
	return nil
}

// logged is what a row of the log tells. A poller may hand over rows again
// that it told before it was restarted, and by then what is tracked includes
// them. The ids must not depend on that: of such a row only what it tells by
// itself is published.
func (t translator) logged(ch Change) ([]event.Event, error) {
	state, previous := word(ch.Log, "state"), t.previous(ch)
	if state == deleted {
		if ch.Before == nil || t.included(ch) {
			return nil, translate.Ignore("the log tells the end of a row that is known to be gone")
		}
		return []event.Event{t.forgotten(ch, previous)}, nil
	}
	events := []event.Event{t.state(ch, previous, ch.Log.Text("time"))}
	key := events[0].Key
	b := t.body(ch, previous)
	action := word(ch.Log, "action")
	add := func(k *event.Kind, key string, body any) {
		events = append(events, event.Event{Kind: k, Key: key, Time: events[0].Time, Body: body})
	}
	if action == "--give-back" || action == "--set-give-back" {
		add(retryKind, key+"/retry", b)
	}
	if action == "--no-build(rev)" || excluded(previous) && !excluded(state) && !t.included(ch) {
		add(includeKind, key+"/include", b)
	}
	if asked(ch.Log) {
		if state == "Installed" {
			add(cancelKind, key+"/cancel", Rebuild{Package: b})
		} else {
			add(requestKind, key+"/request", t.request(ch, b))
		}
	}
	if ch.Newest && ch.Before != nil && ch.After != nil {
		events = append(events, t.updates(ch, t.besides(ch))...)
	}
	return events, nil
}

// included reports whether what is tracked knows the row of the log already, or
// comes after it.
func (t translator) included(ch Change) bool {
	at, tracked := ch.Log.Text("time"), ch.Before.Text("state_change")
	// Of one transaction's rows, which all have its time, the log's reader may
	// have told some before: without a known order they count as told.
	return tracked != "" && !ch.Follows && !older(tracked, at, t.zone)
}

// previous is the state before a row of the log: what was tracked, unless the
// row is older than that.
func (t translator) previous(ch Change) string {
	if ch.Before != nil && (ch.Follows || !older(ch.Log.Text("time"), ch.Before.Text("state_change"), t.zone)) {
		return word(ch.Before, "state")
	}
	if p := word(ch.Log, "prevstate"); p != "(none)" {
		return p
	}
	return ""
}

// compared is what two states of a row tell.
func (t translator) compared(ch Change) []event.Event {
	was, is := word(ch.Before, "state"), word(ch.After, "state")
	at := ch.After.Text("state_change")
	if ch.Before != nil && was == is && !t.again(ch.Before.Text("state_change"), at) {
		return t.updates(ch, everything)
	}
	previous := earlier(ch.After)
	if previous == "" && ch.Before != nil {
		previous = was
	}
	events := []event.Event{t.state(ch, previous, at)}
	key := events[0].Key
	b := t.body(ch, previous)
	if ch.Before != nil {
		if givenBack(ch, previous, is) {
			events = append(events, event.Event{Kind: retryKind, Key: key + "/retry", Time: events[0].Time, Body: b})
		}
		events = append(events, t.rebuilds(ch, previous, key)...)
		events = append(events, t.updates(ch, t.besides(ch))...)
		before := ch.Before.Text("state_change")
		// Without a time before, it is a row that was told to be gone, or
		// an imported one, of which no time says that it went back.
		timed := at != "" && (before != "" || was == deleted)
		if was != is && timed && !older(before, at, t.zone) {
			// The database went back, or was changed by hand: the transition
			// may be known already, and what is published now is that it holds.
			events = append(events, t.updates(ch, []string{"state"})...)
		}
	}
	if excluded(previous) && !excluded(is) {
		events = append(events, event.Event{Kind: includeKind, Key: key + "/include", Time: events[0].Time, Body: b})
	}
	return events
}

// again reports whether the time of a state shows that it was reached once more.
// An import of the queue leaves no time, and one that goes back is an older
// copy's.
func (t translator) again(before, now string) bool {
	return now != "" && moment(now, t.zone) != moment(before, t.zone) && !older(now, before, t.zone)
}

// earlier is a row's own word for the state before. What an import had to write
// where there was none is none.
func earlier(row dbrow.Columns) string {
	if s := word(row, "previous_state"); s != "." {
		return s
	}
	return ""
}

// givenBack reports whether a comparison alone shows a give-back: nothing else
// leads from these states to those with the same version.
func givenBack(ch Change, previous, is string) bool {
	return slices.Contains([]string{"Building", "Built", "Build-Attempted", "Uploaded", "Failed"}, previous) &&
		slices.Contains([]string{"Needs-Build", "BD-Uninstallable"}, is) &&
		ch.Before.Text("version") == ch.After.Text("version") &&
		number(ch.Before, "binary_nmu_version") == number(ch.After, "binary_nmu_version")
}

// rebuilds is what a comparison says of binNMUs. key is the transition's.
func (t translator) rebuilds(ch Change, previous, key string) []event.Event {
	asked, ended := renumbered(ch)
	b := t.body(ch, previous)
	e := event.Event{Kind: cancelKind, Key: key + "/cancel", Time: t.time(ch.After.Text("state_change")), Body: Rebuild{Package: b}}
	if asked {
		e.Kind, e.Key, e.Body = requestKind, key+"/request", t.request(ch, b)
	}
	if asked || ended {
		return []event.Event{e}
	}
	return nil
}

// renumbered reports whether a comparison shows the very transition by which a
// binNMU was asked for, or cancelled: from Installed, or to Installed, where
// the number of one that was built would have stayed. A number that changed
// otherwise is published as an update: when it was asked for is not known then, and
// the log would tell it with another id.
func renumbered(ch Change) (asked, ended bool) {
	was, is := number(ch.Before, "binary_nmu_version"), number(ch.After, "binary_nmu_version")
	if ch.Before == nil || was == is || ch.Before.Text("version") != ch.After.Text("version") ||
		ch.Before.Text("state_change") == ch.After.Text("state_change") {
		return false, false
	}
	return is > 0 && ch.After.Text("previous_state") == "Installed", is <= 0 && ch.After.Text("state") == "Installed"
}

// request is the body of a request, with what the present row still says of
// it. (Of two requests for one version between two polls, both bear the number
// of the later.)
func (t translator) request(ch Change, b Package) Rebuild {
	n := number(ch.After, "binary_nmu_version")
	if n <= 0 || ch.Log != nil && ch.After.Text("version") != ch.Log.Text("version") {
		return Rebuild{Package: b}
	}
	changelog, was := long(ch.After, "binary_nmu_changelog")
	b.Version = effective(word(ch.After, "version"), n)
	return Rebuild{Package: b, BinNMUVersion: n, Changelog: changelog, Truncated: was}
}

func excluded(state string) bool { return strings.HasSuffix(state, "Not-For-Us") }

func (t translator) time(s string) time.Time {
	at, _ := ParseTime(s, t.zone)
	return at
}
