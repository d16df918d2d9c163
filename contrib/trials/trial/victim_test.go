package trial

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func victim(t *testing.T, script string) (*Victim, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return &Victim{Program: "/bin/sh", Args: []string{"-c", script}, Log: log}, path
}

func TestKillAndStop(t *testing.T) {
	v, log := victim(t, "echo begun; exec sleep 60")
	for range 3 {
		if err := v.Start(); err != nil {
			t.Fatal(err)
		}
		if err := v.Kill(); err != nil {
			t.Error(err)
		}
	}
	if err := v.Start(); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(LastWords(log), "begun") { // a shell that has not begun ends by the signal, too
		time.Sleep(time.Millisecond) // between two looks at the condition
	}
	if err := v.Stop(); err != nil {
		t.Error(err)
	}
	if err := v.Stop(); err != nil {
		t.Errorf("stopping what does not run: %v", err)
	}
}

// TestEndedByItself: a daemon that ends unasked is told, whatever its code.
func TestEndedByItself(t *testing.T) {
	v, _ := victim(t, "exit 3")
	if err := v.Start(); err != nil {
		t.Fatal(err)
	}
	v.ended <- <-v.ended // wait for the end, and put it back
	if err := v.Kill(); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("killing it: %v", err)
	}
	v, _ = victim(t, "exit 3")
	if err := v.Start(); err != nil {
		t.Fatal(err)
	}
	v.ended <- <-v.ended
	if err := v.Stop(); err == nil {
		t.Error("a daemon that failed was stopped without a word")
	}
}
