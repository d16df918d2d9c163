// Package backoff says how long to wait before what failed is tried again.
package backoff

import (
	"math/rand/v2"
	"time"
)

// Times are the pauses between tries: First after the first failure, twice as long
// after each that follows, and at most Most.
type Times struct{ First, Most time.Duration }

// After is the pause after so many failures in a row.
func (t Times) After(failures int) time.Duration {
	d := min(t.First, t.Most)
	for n := 1; n < failures && 0 < d && d < t.Most; n++ {
		if d > t.Most/2 {
			return t.Most
		}
		d *= 2
	}
	return d
}

// Spread is between a half and the whole of a pause, so that many who failed
// together do not come back at the same moment.
func Spread(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
