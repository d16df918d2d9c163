package dak

import (
	"slices"

	"busbar/common/state"
)

// Present is what the newest states of uploads and of overrides are made of.
func Present() []state.Projection { return []state.Projection{presentUploads(), presentOverrides()} }

func presentUploads() state.Projection {
	return state.Projection{
		Kind: "upload", Plural: "uploads", Meaning: "what each suite accepted last of a package, its source and the binaries of each architecture", Version: 1,
		Key: "SUITE/PACKAGE of a source, SUITE/ARCHITECTURE/PACKAGE of binaries", Of: uploadsOf,
		Topics: []string{sourceKind.Topic, binaryKind.Topic, removeKind.Topic},
		Members: []state.Member{
			{Name: "package", Doc: "the source package"},
			{Name: "version", Doc: "the upload's version; of a binary rebuild it ends in +bN"},
			{Name: "source_version", Doc: "the source's version where it differs from version"},
			{Name: "suite", Doc: "the suites that the upload was accepted into"},
			{Name: "architecture", Doc: "what the upload holds: source, all, amd64, …"},
			{Name: "urgency", Doc: "low, medium, high, …"},
			{Name: "maintainer", Doc: "the package's maintainer: name and email"},
			{Name: "changed_by", Doc: "who made this version, or the build daemon: name and email"},
			{Name: "distribution", Doc: "what the uploader asked for"},
			{Name: "date", Doc: "of the .changes file, RFC 3339 in UTC"},
			{Name: "url", Doc: "the package's page"},
		},
	}
}

func uploadsOf(topic string, body map[string]any) (list []state.Change) {
	if topic == removeKind.Topic {
		return removalsOf(body)
	}
	pkg := state.Text(body, "package")
	if pkg == "" {
		return nil
	}
	set := state.Take(map[string]any{}, body, "package", "version", "source_version", "suite", "architecture", "urgency", "maintainer", "changed_by", "distribution", "date", "url")
	for _, suite := range state.Texts(body, "suite") {
		if topic == sourceKind.Topic {
			list = append(list, state.Change{Key: suite + "/" + pkg, Whole: true, Set: set})
		}
		for _, architecture := range state.Texts(body, "architecture") {
			if architecture != "source" {
				list = append(list, state.Change{Key: suite + "/" + architecture + "/" + pkg, Whole: true, Set: set})
			}
		}
	}
	return list
}

// removalsOf gives the sources that left suites. Binaries are removed by their own
// names, which no upload's state has.
func removalsOf(body map[string]any) (list []state.Change) {
	packages, _ := state.List(body, "packages")
	for _, suite := range state.Texts(body, "suite") {
		for _, v := range packages {
			p, _ := v.(map[string]any)
			if name := state.Text(p, "package"); p["source"] == true && name != "" {
				list = append(list, state.Change{Key: suite + "/" + name, Whole: true, Gone: true, Set: state.Take(map[string]any{}, p, "package", "version")})
			}
		}
	}
	return list
}

func presentOverrides() state.Projection {
	return state.Projection{
		Kind: "override", Plural: "overrides", Meaning: "section and priority of packages in the archive, where a change of them was told", Version: 1,
		Key: "SUITE/PACKAGE, or PACKAGE alone where the suite is not told", Topics: []string{overrideKind.Topic}, Of: overridesOf,
		Members: []state.Member{
			{Name: "package", Doc: "a source package, or a binary one"},
			{Name: "suite", Doc: "the suite, where it is told"},
			{Name: "section", Doc: "its section"},
			{Name: "priority", Doc: "its priority"},
			{Name: "bug", Doc: "the bug that asked for the last change"},
			{Name: "url", Doc: "that bug's page"},
		},
	}
}

func overridesOf(_ string, body map[string]any) []state.Change {
	pkg, suite, what := state.Text(body, "package"), state.Text(body, "suite"), state.Text(body, "what")
	if pkg == "" || !slices.Contains([]string{"section", "priority"}, what) {
		return nil
	}
	key := pkg
	if suite != "" {
		key = suite + "/" + pkg
	}
	set := state.Take(map[string]any{what: body["to"]}, body, "package", "suite", "bug", "url")
	return []state.Change{{Key: key, Set: set}}
}
