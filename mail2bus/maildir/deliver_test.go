package maildir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sys/unix"
)

func TestDeliver(t *testing.T) {
	b := &box{t: t, dir: t.TempDir(), log: &lines{}}
	name, err := Deliver(b.dir, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	b.contains("tmp")
	b.contains("new", name)
	b.contains("cur")
	b.open(Options{Spool: true})
	b.expect(name, "hello")
}

// TestDeliverNeverCollides has many writers and a reader.
func TestDeliverNeverCollides(t *testing.T) {
	const writers, each = 8, 25
	b := newBox(t).open(Options{Spool: true})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, err := Deliver(b.dir, strings.NewReader(fmt.Sprint(w, " ", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	got := map[string]int{}
	for range writers * each {
		m, done := b.next()
		got[string(m.Raw)]++
		done(nil)
	}
	wg.Wait()
	b.idle(50 * time.Millisecond)
	if len(got) != writers*each {
		t.Errorf("%d different mails of %d", len(got), writers*each)
	}
	b.contains("new")
	b.contains("tmp")
}

func TestDeliverFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(b *box) error
		mail   io.Reader
		want   string
	}{
		{"the mail breaks off", nil, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("broken pipe"))), "broken pipe"},
		{"tmp is a file", func(b *box) error {
			return errors.Join(os.Remove(b.path("tmp")), os.WriteFile(b.path("tmp"), nil, 0o600))
		}, nil, "not a directory"},
		{"new is a file", func(b *box) error {
			return errors.Join(os.Remove(b.path("new")), os.WriteFile(b.path("new"), nil, 0o600))
		}, nil, "not a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t)
			if c.damage != nil {
				if err := c.damage(b); err != nil {
					t.Fatal(err)
				}
			}
			if c.mail == nil {
				c.mail = strings.NewReader("hello")
			}
			if _, err := Deliver(b.dir, c.mail); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Deliver: %v", err)
			}
			for _, sub := range []string{"tmp", "new"} {
				if info, err := os.Stat(b.path(sub)); err == nil && info.IsDir() {
					b.contains(sub)
				}
			}
		})
	}
	if _, err := Deliver(t.TempDir()+"/none", strings.NewReader("")); err == nil || !strings.Contains(err.Error(), "maildirmake") {
		t.Errorf("without a spool: %v", err)
	}
}

// TestDeliverOnFullDisk bounds the size of files for a process of its own, or
// fills a small disk where one can be mounted.
func TestDeliverOnFullDisk(t *testing.T) {
	if dir := os.Getenv("MAILDIR_TEST_FULL"); dir != "" {
		// The limit comes as a signal, too, that Go ignores not: it is EFBIG.
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 64 << 10, Max: 64 << 10}); err != nil {
			t.Fatal(err)
		}
		_, err := Deliver(dir, strings.NewReader(strings.Repeat("x", 1<<20)))
		fmt.Println("answer:", err)
		return
	}
	t.Run("limit", func(t *testing.T) {
		b := newBox(t)
		cmd := exec.Command(os.Args[0], "-test.run=^TestDeliverOnFullDisk$")
		cmd.Env = append(os.Environ(), "MAILDIR_TEST_FULL="+b.dir)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "answer: writing the mail to the spool") {
			t.Errorf("%v: %s", err, out)
		}
		b.contains("tmp")
		b.contains("new")
	})
	t.Run("tmpfs", func(t *testing.T) {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
			t.Skip("a small disk cannot be mounted:", err)
		}
		defer func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}()
		b := &box{t: t, dir: dir}
		if _, err := Deliver(dir, strings.NewReader(strings.Repeat("x", 1<<20))); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("Deliver: %v", err)
		}
		b.contains("tmp")
		b.contains("new")
		if _, err := Deliver(dir, strings.NewReader("small")); err != nil {
			t.Errorf("a small mail: %v", err)
		}
	})
}

// TestSharedSpool is read by another user of the group, whatever umask the mail
// system sets.
func TestSharedSpool(t *testing.T) {
	for _, c := range []struct{ dir, want os.FileMode }{{0o770 | os.ModeSetgid, 0o640}, {0o700, 0o600}} {
		b := &box{t: t, dir: t.TempDir()}
		if err := os.Chmod(b.dir, c.dir); err != nil {
			t.Fatal(err)
		}
		old := unix.Umask(0o077)
		name, err := Deliver(b.dir, strings.NewReader("hello"))
		unix.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]os.FileMode{"new": c.dir | os.ModeDir, "new/" + name: c.want} {
			if info, err := os.Stat(b.path(path)); err != nil || info.Mode() != want {
				t.Errorf("%s in a spool of mode %v: %v, %v; want %v", path, c.dir, info.Mode(), err, want)
			}
		}
	}
}

func TestSweep(t *testing.T) {
	b := newBox(t)
	b.write("tmp/old", "never acknowledged")
	b.write("tmp/young", "being written")
	past := time.Now().Add(-maxTmpAge - time.Minute)
	if err := os.Chtimes(b.path("tmp/old"), past, past); err != nil {
		t.Fatal(err)
	}
	if n, err := Sweep(b.dir); n != 1 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	b.contains("tmp", "young")
	if _, err := Sweep(b.path("none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a spool: %v", err)
	}
}

func TestWritable(t *testing.T) {
	b := newBox(t)
	if err := Writable(b.dir); err != nil {
		t.Error(err)
	}
	if err := os.Remove(b.path("tmp")); err != nil {
		t.Fatal(err)
	}
	if err := Writable(b.dir); err != nil {
		t.Errorf("what would be made is missed: %v", err)
	}
	if err := Writable(b.path("none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a Maildir: %v", err)
	}
}
