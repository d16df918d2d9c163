// Package wannabuild translates changes in the build queue's database into
// events: a package, in a suite, on an architecture, goes from state to state.
//
// Each transition is one event of the state that was reached. Where somebody
// decided something (a give-back, a binNMU, an end of Not-For-Us), an event of
// that action stands beside it. What changes without a change of state is a
// wannabuild.package.update for each column.
//
// The state table and the log of transactions tell the same transition with the
// same time (state_change and time are both the start of the writer's
// transaction), so that the id of a transition is made of architecture, suite,
// package, time and state, and is the same from either.
//
// Not here: reading the database and comparing (dbpoll).
package wannabuild
