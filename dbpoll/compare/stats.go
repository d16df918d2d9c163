package compare

import "time"

// Stats is what an operator wants to know of the polls of a source.
type Stats struct {
	Polls   int64
	Last    time.Time     // end of the last good poll
	Took    time.Duration // of the last good poll, in the database
	Rows    int64         // that the last comparison covered
	Listed  int64         // rows whose digests it read; fewer where sums of buckets were enough
	Changes int64         // handed out, since the start
	Pause   time.Duration // before the next poll
	Skipped int64         // comparisons that the server's counters made unnecessary
	Odd     error         // which rows cannot be followed, and why
	// Recorded is how many rows a baseline has so far, of Whole.
	Recorded, Whole int64
}
