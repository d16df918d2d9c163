package node

import (
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
		home := t.TempDir()
		dir := filepath.Join(home, "journal.db.retry")
		open := func(once bool) func(*journal.Journal) (pump.Channel, func()) {
			return func(*journal.Journal) (pump.Channel, func()) {
				return &RetryQueue{Dir: dir, Once: once, Every: 10 * time.Millisecond, Parse: func(b []byte) any { return string(b) }}, nil
			}
		}
		return channeltest.Source{
			Open: open(false), Once: open(true), Late: true,
			Add: func(n int) {
				if err := Requeue(dir, []byte(strconv.Itoa(n)), home); err != nil {
					t.Error(err)
				}
			},
			Number: func(it translate.Item[any]) int { n, _ := strconv.Atoi(string(it.Raw)); return n },
		}
	})
}
