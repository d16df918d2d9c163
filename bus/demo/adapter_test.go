package demo

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestDemoHearsWhoEnds holds the demo to saying that an adapter ended, instead of
// waiting for what it will never tell.
func TestDemoHearsWhoEnds(t *testing.T) {
	for _, c := range []struct {
		name, script string
		ends         bool
	}{
		{"by itself", "exit 78", true},
		{"when told", "trap 'exit 0' TERM; touch \"$3.ready\"; while :; do sleep 0.1; done", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			a := &adapter{process: process{name: "mail2bus", program: filepath.Join(dir, "program"), log: filepath.Join(dir, "log")}, config: filepath.Join(dir, "config")}
			if err := os.WriteFile(a.program, []byte("#!/bin/sh\n"+c.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			if err := a.start(func(err error) { ended <- err }); err != nil {
				t.Fatal(err)
			}
			if c.ends {
				if err := <-ended; err == nil || err.Error() != "mail2bus ended by itself" {
					t.Errorf("received %v", err)
				}
				if err := a.stop(); err == nil {
					t.Error("stop does not say how it ended")
				}
				return
			}
			for { // its trap is set
				if _, err := os.Stat(a.config + ".ready"); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond) // the condition is a file
			}
			if err := a.stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
			if len(ended) > 0 {
				t.Errorf("what was told to end ended by itself: %v", <-ended)
			}
		})
	}
}
