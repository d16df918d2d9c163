package main

import (
	"slices"

	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/adapters/lists"
	"busbar/adapters/scm"
	"busbar/adapters/wannabuild"
	"busbar/common/event"
)

// kinds is every kind of event that an adapter declares. A new adapter is one
// line here.
func kinds() event.Catalog {
	return slices.Concat(dak.Kinds(), debbugs.SOAPKinds(), lists.Kinds(), scm.Kinds(scm.DefaultService), wannabuild.Kinds())
}
