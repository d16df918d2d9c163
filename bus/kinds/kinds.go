// Package kinds knows every kind of event that an adapter declares.
package kinds

import (
	"slices"

	"busbar/adapters/britney"
	"busbar/adapters/buildd"
	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/adapters/lists"
	"busbar/adapters/mentors"
	"busbar/adapters/release"
	"busbar/adapters/scm"
	"busbar/adapters/security"
	"busbar/adapters/wannabuild"
	"busbar/bus/badges/award"
	"busbar/common/canary"
	"busbar/common/event"
)

// All is every kind. A new adapter is one line here.
func All() event.Catalog {
	return slices.Concat(
		award.Kinds(),
		britney.Kinds(),
		buildd.Kinds(),
		canary.Kinds(),
		dak.Kinds(),
		debbugs.AllKinds(),
		lists.Kinds(),
		mentors.Kinds(),
		release.Kinds(),
		scm.Kinds(scm.DefaultService),
		security.Kinds(),
		wannabuild.Kinds(),
	)
}

// Meaning is a kind's line of the catalogue: what it means, and when it is
// published at all.
func Meaning(k *event.Kind) string {
	if k.Family != "" {
		return k.Meaning + " (only with compat = [\"" + k.Family + "\"])"
	}
	return k.Meaning
}
