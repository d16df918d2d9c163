package survey

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// FuzzStatus: whatever a hub or another daemon says of itself, what is found wrong with it
// is the same each time, and is not more than it said and a few words for each.
func FuzzStatus(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"healthy": true, "time": "2026-01-02T03:04:05Z", "archive": {"newest": 7}, "publishers": [{"publisher": "a", "epoch": "1", "head": 5, "lag": 2}, {"lag": -1}], "gaps": [{"publisher": "a", "first": 9, "last": 1, "time": "2026-01-02T03:04:05Z"}, {"time": "2026-01-02T03:00:05Z"}], "canaries": [{"state": "overdue", "seen": null}, {"state": "overdue", "seen": "0001-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"intake": {"conditions": [{"level": "fail", "key": "x", "text": "a\u001bb"}, {"level": "odd"}]}, "conditions": [{"level": "warn"}], "destinations": {"a": {"waiting": -1, "counts": {"sent": 9223372036854775807}}, "b": {"counts": {"sent": 1}}}}`))
	f.Add([]byte(`{"intake": {"conditions": [{"name": "x", "text": "a condition without a level"}]}}`))
	f.Add([]byte(`[]`))
	now := time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text []byte) {
		h, again := Hub{URL: "http://a"}, Hub{URL: "http://a"}
		err, err2 := h.Parse(text), again.Parse(text)
		if (err == nil) != (err2 == nil) || !reflect.DeepEqual(h, again) {
			t.Errorf("%q: %+v, %v, then %+v, %v", text, h, err, again, err2)
		}
		if err != nil && !reflect.DeepEqual(h, Hub{URL: "http://a"}) {
			t.Errorf("%q: %v, and %+v", text, err, h)
		}
		h.Lag()
		h.Head("a", "1")
		size := 0
		for _, one := range h.Findings(now) {
			size += len(one.What) + len(one.Detail)
			if one.Level == "" || strings.TrimSpace(one.What) == "" {
				t.Errorf("%q: %+v", text, one)
			}
		}
		var n Notify
		if parse(text, &n) == nil {
			n.Totals()
			for _, one := range n.Findings() {
				size += len(one.What) + len(one.Detail)
			}
		}
		var w Forward
		if parse(text, &w) == nil {
			w.Findings()
		}
		if size > 300*(len(text)+10) {
			t.Errorf("%d bytes of findings in %q", size, text)
		}
	})
}
