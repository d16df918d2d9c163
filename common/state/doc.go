// Package state makes the present of what was said: the newest state of each bug,
// build, upload, ref.
//
// A [Projection] is a pure function that an adapter declares beside its kinds: what a
// message says of things, as [Change]s. A [Thing] takes the changes in whatever order
// they come, from several publishers, and becomes the same. Each member of a thing has
// the [Stamp] of the message that said it last, and each element of a list has its own:
// what is older than that changes nothing. So states can be made again from the
// messages.
//
// Not here: where things are kept (common/archive), and what they are (adapters/).
package state
