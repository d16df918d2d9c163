// Package search is `bus search`, `bus trace` and `bus stats`: what was said, and how
// much, as an archive or a hub has it.
//
// A [source] finds messages; a [reader] verifies them, where they come from another
// machine.
package search
