package kinds

import (
	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/adapters/release"
	"busbar/adapters/scm"
	"busbar/adapters/wannabuild"
	"busbar/common/state"
)

// Present is what the newest states of all things are made of. A new projection is one
// line here.
func Present() (*state.Table, error) {
	return state.NewTable(append(dak.Present(), debbugs.Present(), release.Present(), scm.Present(), wannabuild.Present())...)
}
