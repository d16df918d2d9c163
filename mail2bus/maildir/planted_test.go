package maildir

import (
	"os"
	"testing"
	"time"
)

// plant brings a file of an owner with a second name elsewhere.
func plant(t *testing.T, b *box, name string, uid int) {
	t.Helper()
	elsewhere := b.path(name + ".elsewhere")
	b.write(name+".elsewhere", "a secret")
	if uid >= 0 {
		if err := os.Chown(elsewhere, uid, -1); err != nil {
			t.Skipf("only root can give files away: %v", err)
		}
	}
	if err := os.Link(elsewhere, b.path("new", name)); err != nil {
		t.Fatal(err)
	}
}

// What others put into a spool or a Maildir, and what is read of it: who may
// write there may deliver, whoever he is; a file with another name elsewhere is
// his only where it cannot be somebody else's.
func TestPlantedFiles(t *testing.T) {
	for _, spool := range []bool{false, true} {
		b := newBox(t)
		b.open(Options{Spool: spool, Poll: 20 * time.Millisecond})
		plant(t, b, "1.link", -1)
		if spool {
			b.idleUntil("it is said", func() bool { return b.log.count("left alone") > 0 })
			b.idle(100 * time.Millisecond)
			b.contains("new", "1.link")
			if n := b.log.count("left alone"); n != 1 {
				t.Errorf("it was said %d times: %s", n, b.log)
			}
		} else {
			b.expect("1.link", "a secret") // a mail reader's copy
		}
		// A delivery that was killed between its two names.
		b.write("tmp/2.killed", "a mail")
		if err := os.Link(b.path("tmp", "2.killed"), b.path("new", "2.killed")); err != nil {
			t.Fatal(err)
		}
		b.expect("2.killed", "a mail")
	}
}

func TestFilesOfOthers(t *testing.T) {
	for _, spool := range []bool{false, true} {
		b := newBox(t)
		b.open(Options{Spool: spool, Poll: 20 * time.Millisecond})
		plant(t, b, "1.link", 4242)
		b.idle(100 * time.Millisecond)
		b.contains("new", "1.link")
		for i, uid := range []int{4242, 65534} { // another member of the group; nobody, as Postfix runs pipes
			name := string(rune('2'+i)) + ".other"
			b.write("tmp/"+name, "a mail")
			if err := os.Chown(b.path("tmp", name), uid, -1); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(b.path("tmp", name), b.path("new", name)); err != nil {
				t.Fatal(err)
			}
			b.expect(name, "a mail")
		}
	}
}
