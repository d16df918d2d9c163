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

// shown is the kinds that the demo has to show: it has no bug tracker to ask,
// and so none of those that soapbus alone tells.
func shown() event.Catalog {
	byMail := debbugs.Kinds()
	return slices.DeleteFunc(kinds(), func(k *event.Kind) bool {
		return slices.Contains(debbugs.SOAPKinds(), k) && !slices.Contains(byMail, k)
	})
}
