package maildir

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestLostNotification switches the watch off: the poll finds the mail.
func TestLostNotification(t *testing.T) {
	b := newBox(t).open(Options{Poll: 100 * time.Millisecond})
	b.idle(20 * time.Millisecond)
	if err := b.ch.watch.Close(); err != nil { // nobody tells it
		t.Fatal(err)
	}
	b.arrive("1.m", "one")
	b.expect("1.m", "one")
}

// TestFolderReplaced lets notifications alone report mails in the new folder.
func TestFolderReplaced(t *testing.T) {
	for _, c := range []struct {
		name string
		away func(path string) error
	}{
		{"moved away", func(path string) error { return os.Rename(path, path+".old") }},
		{"removed", os.Remove},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t).open(Options{})
			b.arrive("1.m", "one")
			b.expect("1.m", "one")
			if err := c.away(b.path("new")); err != nil {
				t.Fatal(err)
			}
			b.idle(100 * time.Millisecond) // it is gone, and that is noticed
			if err := os.Mkdir(b.path("new"), 0o700); err != nil {
				t.Fatal(err)
			}
			b.arrive("2.m", "two")
			b.expect("2.m", "two")
			b.idle(50 * time.Millisecond)
			b.arrive("3.m", "three")
			b.expect("3.m", "three")
			if n := b.log.count("cannot be listed"); n > 1 {
				t.Errorf("the log says it %d times:\n%s", n, b.log)
			}
		})
	}
}

// TestWholeMaildirReplaced sends no event at all: the poll finds the new one and
// watches it.
func TestWholeMaildirReplaced(t *testing.T) {
	outer := t.TempDir()
	b := &box{t: t, dir: outer + "/mail", log: &lines{}}
	renew := func() {
		t.Helper()
		if err := os.Mkdir(b.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := makeDirs(b.dir, true); err != nil {
			t.Fatal(err)
		}
	}
	renew()
	b.open(Options{Poll: 50 * time.Millisecond})
	b.idle(20 * time.Millisecond)
	if err := os.Rename(b.dir, outer+"/old"); err != nil {
		t.Fatal(err)
	}
	renew()
	b.arrive("1.m", "one")
	b.expect("1.m", "one")
	watched, err := os.Stat(b.path("new"))
	if err != nil || !b.ch.watch.Watches(watched) {
		t.Errorf("the old folder is still the one that is watched (%v)", err)
	}
}

// TestNothingToWatch is a folder that cannot be watched: it is said once.
func TestNothingToWatch(t *testing.T) {
	b := newBox(t).open(Options{Poll: 10 * time.Millisecond})
	if err := os.Remove(b.path("new")); err != nil {
		t.Fatal(err)
	}
	b.idleUntil("it is said", func() bool { return b.log.count("cannot be listed") > 0 })
	b.idle(1500 * time.Millisecond)
	if n := b.log.count("cannot be listed"); n != 1 {
		t.Errorf("the log says it %d times:\n%s", n, b.log)
	}
	if err := os.Mkdir(b.path("new"), 0o700); err != nil {
		t.Fatal(err)
	}
	b.arrive("1.m", "one")
	b.expect("1.m", "one")
	if !strings.Contains(b.log.String(), "can be listed again") {
		t.Errorf("the log says:\n%s", b.log)
	}
}
