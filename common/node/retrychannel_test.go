package node

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
)

// TestRetryQueueChannel holds the retry queue to what a channel promises.
func TestRetryQueueChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Source {
		file := filepath.Join(t.TempDir(), "journal.db")
		if err := os.WriteFile(file, nil, 0o600); err != nil { // whose owner the items get
			t.Fatal(err)
		}
		open := func(once bool) func(*journal.Journal) (pump.Channel, func()) {
			return func(*journal.Journal) (pump.Channel, func()) {
				return &RetryQueue{Dir: RetryDir(file), Once: once, Every: 10 * time.Millisecond, Parse: func(_ string, b []byte) any { return string(b) }}, nil
			}
		}
		return channeltest.Source{
			Open: open(false), Once: open(true), Late: true,
			Add: func(n int) {
				if err := Requeue(file, "tea", []byte(strconv.Itoa(n))); err != nil {
					t.Error(err)
				}
			},
			Number: func(it translate.Item[any]) int { n, _ := strconv.Atoi(string(it.Raw)); return n },
		}
	})
}
