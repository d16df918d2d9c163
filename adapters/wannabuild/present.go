package wannabuild

import (
	"slices"
	"strings"

	"busbar/common/dbrow"
	"busbar/common/state"
)

// details are the members that only some states have, by the columns that hold them.
var details = map[string]string{
	"failed": "reason", "failed_category": "category", "depends": "depends", "bd_problem": "problem", "installed_version": "installed_version",
}

// Present is what the newest states of builds are made of. One publisher's numbers tell
// their order: a queue that was restored has older times.
func Present() state.Projection {
	var topics []string
	for _, k := range states {
		topics = append(topics, k.Topic)
	}
	slices.Sort(topics)
	return state.Projection{
		Kind: "build", Plural: "builds", Meaning: "each package in the build queue, of a suite on an architecture", Key: "SUITE/ARCHITECTURE/PACKAGE", Version: 1,
		InSequence: true, Topics: append(slices.Compact(topics), stateKind.Topic, forgetKind.Topic, updateKind.Topic, requestKind.Topic, cancelKind.Topic), Of: presentOf,
		Members: []state.Member{
			{Name: "package", Doc: "the source package"},
			{Name: "suite", Doc: "the suite, wanna-build's distribution"},
			{Name: "architecture", Doc: "the architecture, or all"},
			{Name: "version", Doc: "the version; of a binary rebuild it ends in +bN"},
			{Name: "state", Doc: "the state, as wanna-build spells it; deleted when the row is gone"},
			{Name: "changed", Doc: "when the state was reached, RFC 3339 in UTC"},
			{Name: "builder", Doc: "the build daemon that has, or had, the package"},
			{Name: "notes", Doc: "uncompiled, out-of-date, related, or why it is excluded"},
			{Name: "reason", Doc: "of a failure: its text"},
			{Name: "category", Doc: "of a failure: its category"},
			{Name: "depends", Doc: "the packages that it waits for"},
			{Name: "problem", Doc: "why the build dependencies cannot be installed"},
			{Name: "installed_version", Doc: "the version that the archive has"},
			{Name: "build_arch_all", Doc: "the architecture-independent packages are built along: true or false"},
			{Name: "buildpri", Doc: "the build priority, where a change of it was told; so are the next ones"},
			{Name: "permbuildpri", Doc: "the permanent build priority"},
			{Name: "section", Doc: "the section"},
			{Name: "priority", Doc: "the priority"},
			{Name: "extra_depends", Doc: "dependencies of this queue's own"},
			{Name: "extra_conflicts", Doc: "conflicts of this queue's own"},
			{Name: "url", Doc: "the package's page"},
		},
	}
}

func presentOf(topic string, body map[string]any) []state.Change {
	text := func(name string) string { return state.Text(body, name) }
	if text("package") == "" || text("suite") == "" || text("architecture") == "" {
		return nil
	}
	c := state.Change{Key: text("suite") + "/" + text("architecture") + "/" + text("package"),
		Set: state.Take(map[string]any{}, body, "package", "suite", "architecture", "url")}
	switch topic {
	case requestKind.Topic, cancelKind.Topic:
		c.Set["version"] = body["version"]
	case updateKind.Topic:
		presentUpdate(text("field"), body, c.Set)
	case forgetKind.Topic:
		c.Whole, c.Gone = true, true
		state.Take(c.Set, body, "version", "state")
	default:
		forget(c.Set)
		state.Take(c.Set, body, "version", "state", "changed", "builder", "notes", "build_arch_all")
		if topic != queueKind.Topic { // whose reason is its note
			presentDetails(body, c.Set)
		}
		c.Set[state.Gone] = false
	}
	return []state.Change{c}
}

// forget takes away what another state had.
func forget(set map[string]any) {
	set["builder"], set["notes"], set["changed"] = nil, nil, nil
	for _, name := range details {
		set[name] = nil
	}
}

// presentDetails takes the texts of a state, as far as they are told and not cut. Of a row
// of the log that is not the newest they are not known, and empty.
func presentDetails(body, set map[string]any) {
	for _, name := range details {
		if s := state.Text(body, name); s != "" && body["truncated"] != true {
			set[name] = s
		}
	}
}

func presentUpdate(field string, body, set map[string]any) {
	to := body["to"]
	if body["truncated"] == true {
		to = nil
	}
	switch field {
	case "version", "binary_nmu_version":
		set["version"] = body["version"]
	case "build_arch_all":
		set[field] = body[field]
	case "state": // a restored row: what the lost state had is not so
		forget(set)
		state.Take(set, body, "version", "changed", "builder", "notes", "build_arch_all")
		set["state"], set[state.Gone] = to, false
	case "notes", "builder", "buildpri", "permbuildpri", "section", "priority", "extra_depends", "extra_conflicts":
		set[field] = to
	default:
		if name := details[field]; name != "" {
			set[name] = to
		}
	}
}

// Differs compares what messages said of a package, the state's value, with its row in
// the queue, as the queue's database prints it: each member of which anything was said.
// nil is a package that is not there.
func Differs(value map[string]any, row dbrow.Columns) (list []state.Difference) {
	if gone := value[state.Gone] == true; gone || row == nil {
		if gone != (row == nil) {
			list = append(list, state.Difference{Member: "gone", Said: yes(gone), Is: yes(row == nil)})
		}
		return list
	}
	there := func(column string) bool { _, ok := row[column]; return ok } // of a view
	differs := func(member, is string) {
		if said, known := value[member].(string); known && said != is {
			list = append(list, state.Difference{Member: member, Said: said, Is: is})
		}
	}
	differs("state", word(row, "state"))
	differs("version", effective(word(row, "version"), number(row, "binary_nmu_version")))
	for _, column := range []string{"builder", "notes"} {
		if there(column) {
			differs(column, word(row, column))
		}
	}
	for column, member := range details {
		is, cut := long(row, column)
		if column == "failed_category" || column == "installed_version" {
			is = word(row, column)
		}
		if _, known := value[member].(string); known && !cut && there(column) {
			differs(member, is)
		}
	}
	for _, column := range []string{"buildpri", "permbuildpri", "section", "priority", "extra_depends", "extra_conflicts"} {
		if is, _ := long(row, column); there(column) {
			differs(column, is)
		}
	}
	if said, known := value["build_arch_all"].(bool); known && there("build_arch_all") && said != flag(row, "build_arch_all") {
		list = append(list, state.Difference{Member: "build_arch_all", Said: yes(said), Is: yes(!said)})
	}
	slices.SortFunc(list, func(a, b state.Difference) int { return strings.Compare(a.Member, b.Member) })
	return list
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// PresentKey names the package of a row among the newest states.
func PresentKey(row dbrow.Columns) string {
	return word(row, "distribution") + "/" + word(row, "architecture") + "/" + word(row, "package")
}
