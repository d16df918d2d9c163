package backoff

import (
	"testing"
	"time"
)

func TestAfter(t *testing.T) {
	for _, c := range []struct {
		times    Times
		failures int
		want     time.Duration
	}{
		{Times{time.Second, time.Minute}, 0, time.Second}, {Times{time.Second, time.Minute}, 1, time.Second},
		{Times{time.Second, time.Minute}, 3, 4 * time.Second}, {Times{time.Second, time.Minute}, 7, time.Minute},
		{Times{time.Second, 1<<63 - 1}, 1 << 40, 1<<63 - 1}, {Times{0, time.Second}, 5, 0},
		{Times{time.Hour, time.Minute}, 1, time.Minute},
	} {
		if got := c.times.After(c.failures); got != c.want {
			t.Errorf("%v after %d failures: %v, want %v", c.times, c.failures, got, c.want)
		}
	}
	for _, d := range []time.Duration{0, 1, time.Second} {
		for range 100 {
			if got := Spread(d); got < d/2 || got > d {
				t.Errorf("%v is spread to %v", d, got)
			}
		}
	}
}
