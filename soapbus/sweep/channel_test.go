package sweep

import (
	"errors"
	"io"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
	"busbar/fixtures/bugtracker"
	"busbar/soapbus/tracker"
)

// TestChannel holds the sweep of a tracker to what a channel promises.
func TestChannel(t *testing.T) { channeltest.Run(t, trackerSource) }

func trackerSource(t *testing.T) channeltest.Source {
	var past atomic.Bool
	bugs := bugtracker.New(bugtracker.Options{First: 700000, Clock: func() time.Time {
		if past.Load() {
			return time.Now().Add(-3 * time.Hour)
		}
		return time.Now()
	}})
	server := httptest.NewServer(bugs.Handler())
	t.Cleanup(server.Close)
	letters := &place{t: t}
	report := func() {
		bugs.Report(bugtracker.Report{Package: "tea", Version: "1-1", Letter: letters.letter()})
	}
	past.Store(true)
	report()
	past.Store(false)
	open := func(j *journal.Journal, once bool) (pump.Channel, func()) {
		client, err := tracker.New(tracker.Options{URL: server.URL, Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return Open(Options{Tracker: client, Journal: j, Source: "soap", First: 700000, Once: once,
			Interval: 20 * time.Millisecond, Full: time.Minute, Backoff: time.Millisecond}), nil
	}
	based := false
	return channeltest.Source{
		Open: func(j *journal.Journal) (pump.Channel, func()) {
			for first, _ := open(j, true); !based; {
				it, position, done, err := first.Next(t.Context())
				if errors.Is(err, io.EOF) {
					based = true
					break
				}
				if err == nil {
					r := journal.Record{Origin: it.Origin, States: it.States}
					if position != nil {
						r.Source, r.Position = "soap", position
					}
					_, err = j.Append(t.Context(), r)
				}
				if err != nil {
					t.Fatalf("recording what is there: %v", err)
				}
				done(nil)
			}
			return open(j, false)
		},
		Once:   func(j *journal.Journal) (pump.Channel, func()) { return open(j, true) },
		Add:    func(int) { report() },
		Number: func(it translate.Item[any]) int { return it.Value.(debbugs.Change).Bug - 700000 },
		Break: func() func() {
			bugs.SetFaults(bugtracker.Faults{Failing: 1})
			return func() { bugs.SetFaults(bugtracker.Faults{}) }
		},
		Position: "soap",
		// A bug whose news could not be stored is asked for again, after what came meanwhile.
		Late: true,
	}
}
