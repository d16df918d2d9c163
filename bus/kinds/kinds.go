// Package kinds knows every kind of event that an adapter declares.
package kinds

import (
	"slices"

	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/adapters/lists"
	"busbar/adapters/scm"
	"busbar/adapters/wannabuild"
	"busbar/common/canary"
	"busbar/common/event"
)

// All is every kind. A new adapter is one line here.
func All() event.Catalog {
	return slices.Concat(
		canary.Kinds(),
		dak.Kinds(),
		debbugs.SOAPKinds(),
		lists.Kinds(),
		scm.Kinds(scm.DefaultService),
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
