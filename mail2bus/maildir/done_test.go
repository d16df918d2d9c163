package maildir

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestDoneRemovesFromASpool(t *testing.T) {
	b := newBox(t).open(Options{Spool: true})
	b.arrive("1.m", "one")
	b.expect("1.m", "one")
	b.contains("new")
	b.contains("cur")
}

func TestDoneKeepsFlags(t *testing.T) {
	b := newBox(t)
	b.arrive("1.m:2,S", "one")
	b.open(Options{})
	b.expect("1.m:2,S", "one")
	b.contains("cur", "1.m:2,S")
}

func TestNotGivenAgainBeforeDone(t *testing.T) {
	b := newBox(t)
	b.arrive("1.m", "one")
	b.open(Options{Poll: 10 * time.Millisecond})
	_, done := b.next()
	b.idle(200 * time.Millisecond)
	b.contains("new", "1.m")
	done(nil)
	b.idle(100 * time.Millisecond)
	b.contains("cur", "1.m:2,")
}

// TestFailedMailComesAgain also looks at the pauses: each is at least as long as
// promised.
func TestFailedMailComesAgain(t *testing.T) {
	b := newBox(t)
	b.arrive("1.m", "one")
	b.open(Options{})
	_, done := b.next()
	for _, least := range []time.Duration{2 * settleWait, 4 * settleWait} {
		began := time.Now()
		done(errors.New("the disk is full"))
		var m Mail
		m, done = b.next()
		if paused := time.Since(began); paused < least || m.Name != "1.m" {
			t.Errorf("%q came again after %v, want at least %v", m.Name, paused, least)
		}
	}
	// One that fails is in nobody's way; where its pause is over already, for the machine
	// is busy, names make the order.
	b.arrive("0.m", "two")
	done(errors.New("the disk is full"))
	b.expect("0.m", "two")
	b.expect("1.m", "one")
}

func TestPausesAreBounded(t *testing.T) {
	c := &Channel{files: map[string]*entry{}, kick: make(chan struct{}, 1)}
	for range 100 {
		c.again("1.m", nil, nil)
	}
	if left := time.Until(c.files["1.m"].later); left > maxBackoff || left < maxBackoff/2 {
		t.Errorf("after 100 failures the next try is in %v", left)
	}
}

func TestTakenAwayMeanwhile(t *testing.T) {
	b := newBox(t)
	b.arrive("1.m", "one")
	b.arrive("2.m", "two")
	b.arrive("3.m", "three")
	b.open(Options{})
	_, done := b.next()
	for _, name := range []string{"1.m", "2.m"} { // in hand, and queued
		if err := os.Remove(b.path("new", name)); err != nil {
			t.Fatal(err)
		}
	}
	done(nil)
	b.expect("3.m", "three")
	b.contains("cur", "3.m:2,")
	if len(b.ch.files) != 0 {
		t.Errorf("still remembered: %v", b.ch.files)
	}
}

func TestWaitingForgetsWhatFailedAndWasTakenAway(t *testing.T) {
	b := newBox(t)
	b.arrive("1.m", "one")
	b.open(Options{Poll: 10 * time.Millisecond})
	_, done := b.next()
	done(errors.New("transient"))
	if err := os.Remove(b.path("new/1.m")); err != nil {
		t.Fatal(err)
	}
	b.idleUntil("it is forgotten", func() bool { return len(b.ch.files) == 0 })
}

// TestCannotLeaveNew is a mail that is safe but cannot be moved: it is not given
// again, and leaves as soon as it can.
func TestCannotLeaveNew(t *testing.T) {
	b := newBox(t)
	b.arrive("1.m", "one")
	b.open(Options{Poll: 20 * time.Millisecond})
	_, done := b.next()
	if err := os.Remove(b.path("cur")); err != nil {
		t.Fatal(err)
	}
	b.write("cur", "in the way")
	done(nil)
	if !strings.Contains(b.log.String(), "cannot be moved out of new/") {
		t.Errorf("the log says:\n%s", b.log)
	}
	b.idle(600 * time.Millisecond)
	b.contains("new", "1.m")
	for _, err := range []error{os.Remove(b.path("cur")), os.Mkdir(b.path("cur"), 0o700)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(patience); len(b.names("new")) > 0; {
		b.idle(100 * time.Millisecond)
		if time.Now().After(deadline) {
			t.Fatal("it never left new/")
		}
	}
	b.contains("cur", "1.m:2,")
}

// TestSameNameTwice is what a person does who copies samples into new/.
func TestSameNameTwice(t *testing.T) {
	b := newBox(t).open(Options{})
	for _, text := range []string{"first", "second"} {
		b.arrive("sample.eml", text)
		b.expect("sample.eml", text)
	}
	names := b.names("cur")
	if len(names) != 2 || names[1] != "sample.eml:2," || !strings.HasPrefix(names[0], "sample.eml.") || !strings.HasSuffix(names[0], ":2,") {
		t.Fatalf("cur/ holds %q", names)
	}
	if kept, err := os.ReadFile(b.path("cur/sample.eml:2,")); string(kept) != "first" {
		t.Errorf("the first was replaced: %q, %v", kept, err)
	}
}
