package replay

import (
	"testing"
	"time"
)

func TestRangeInWords(t *testing.T) {
	for want, r := range map[string]Range{
		"messages the oldest to the newest of any, epoch any":         {},
		"messages 3 to 9 of mail2bus.host, epoch ab12":                {Publisher: "mail2bus.host", Epoch: "ab12", From: 3, To: 9},
		"messages 2026-02-01T00:00:00Z to the newest of p, epoch any": {Publisher: "p", Since: time.Unix(1769904000, 0)},
	} {
		if got := r.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
