package release

import "busbar/common/state"

// Present is what the newest states of planned removals are made of. That a package left
// the suite, another service says: a plan ends with it.
func Present() state.Projection {
	return state.Projection{
		Kind: "removal", Plural: "removals", Meaning: "each package that is marked to be removed from testing, until it is", Key: "SUITE/PACKAGE", Version: 1,
		Topics: []string{warnKind.Topic, "britney.package.remove"}, Of: presentOf,
		Members: []state.Member{
			{Name: "package", Doc: "the source package"},
			{Name: "suite", Doc: "the suite that it will leave"},
			{Name: "version", Doc: "the version there"},
			{Name: "removal_date", Doc: "the day on which it will be removed, RFC 3339 in UTC"},
			{Name: "bugs", Doc: "release-critical bugs of its own"},
			{Name: "depends_bugs", Doc: "such bugs of packages that it needs"},
			{Name: "url", Doc: "the package's page"},
		},
	}
}

func presentOf(topic string, body map[string]any) []state.Change {
	pkg, suite := state.Text(body, "package"), state.Text(body, "suite")
	if pkg == "" || suite == "" {
		return nil
	}
	return []state.Change{{Key: suite + "/" + pkg, Whole: true, Gone: topic != warnKind.Topic,
		Set: state.Take(map[string]any{}, body, "package", "suite", "version", "removal_date", "bugs", "depends_bugs", "url")}}
}
