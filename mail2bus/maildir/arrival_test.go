package maildir

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestWhatIsThereAtStart(t *testing.T) {
	b := newBox(t)
	b.arrive("2.second", "two")
	b.arrive("1.first", "one")
	b.write("new/.hidden", "not ours")
	b.open(Options{})
	b.expect("1.first", "one")
	b.expect("2.second", "two")
	b.idle(50 * time.Millisecond)
	b.contains("new", ".hidden")
	b.contains("cur", "1.first:2,", "2.second:2,")
}

func TestMissingFoldersAreMade(t *testing.T) {
	for _, o := range []Options{{}, {Spool: true}} {
		b := &box{t: t, dir: t.TempDir(), log: &lines{}}
		if !o.Spool { // which may be empty at first
			if err := os.Mkdir(b.path("new"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		b.open(o)
		b.arrive("1.m", "one")
		b.expect("1.m", "one")
	}
	b := &box{t: t, dir: t.TempDir(), log: &lines{}}

	if _, err := Open(Options{Dir: b.path("nowhere")}); err == nil || !strings.Contains(err.Error(), "maildirmake") {
		t.Errorf("opening what is not there: %v", err)
	}
	b.write("file", "")
	if _, err := Open(Options{Dir: b.path("file")}); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("opening a file: %v", err)
	}
	for _, spool := range []bool{false, true} { // what is something else is not turned into one
		if _, err := Open(Options{Dir: b.dir, Spool: spool}); !errors.Is(err, ErrNotMaildir) {
			t.Errorf("opening a directory with a file in it: %v", err)
		}
	}
	if _, err := Open(Options{Dir: t.TempDir()}); !errors.Is(err, ErrNotMaildir) {
		t.Errorf("opening an empty directory: %v", err)
	}
	if _, err := Deliver(b.dir, strings.NewReader("m")); !errors.Is(err, ErrNotMaildir) {
		t.Errorf("delivering into it: %v", err)
	}
	b.contains("", "file")
}

// TestArrival brings mails in every way while the channel waits; nothing but a
// notification can tell it.
func TestArrival(t *testing.T) {
	for _, c := range []struct {
		name string
		come func(b *box)
	}{
		{"rename", func(b *box) { b.arrive("1.m", "whole") }},
		{"link", func(b *box) {
			b.write("tmp/1.m", "whole")
			if err := os.Link(b.path("tmp/1.m"), b.path("new/1.m")); err != nil {
				b.t.Error(err)
			}
		}},
		{"create then write", func(b *box) { b.write("new/1.m", "whole") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t).open(Options{})
			b.idle(50 * time.Millisecond)
			var wg sync.WaitGroup
			wg.Go(func() { c.come(b) })
			defer wg.Wait()
			b.expect("1.m", "whole")
		})
	}
}

// TestSlowWriters write in place, and hold the file open longer than any file is
// waited for that is merely quiet.
func TestSlowWriters(t *testing.T) {
	t.Run("half written", func(t *testing.T) { slowWriter(t, "half", time.Second) })
	t.Run("open and empty", func(t *testing.T) { slowWriter(t, "", settled+time.Second) })
	t.Run("open and quiet", func(t *testing.T) { slowWriter(t, "half", settled+time.Second) })
}

func slowWriter(t *testing.T, first string, hold time.Duration) {
	t.Parallel()
	b := newBox(t).open(Options{})
	f, err := os.Create(b.path("new/1.m"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(s string) {
		if _, err := f.WriteString(s); err != nil {
			t.Error(err)
		}
	}
	write(first)
	var wg sync.WaitGroup
	wg.Go(func() {
		time.Sleep(hold) // the writer that takes its time is what is tried
		write(" and the rest")
		f.Close()
	})
	defer wg.Wait()
	b.expect("1.m", first+" and the rest")
}

// TestForeignFile belongs to another user: the kernel gives no lease. It is taken
// once it is quiet, even if its time of modification lies in the future.
func TestForeignFile(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	b := newBox(t)
	b.write("tmp/1.m", "theirs")
	tomorrow := time.Now().Add(24 * time.Hour)
	for _, err := range []error{
		os.Chown(b.path("tmp/1.m"), 65534, 65534), os.Chmod(b.path("tmp/1.m"), 0o644),
		os.Chtimes(b.path("tmp/1.m"), tomorrow, tomorrow), os.Rename(b.path("tmp/1.m"), b.path("new/1.m")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.open(Options{})
	b.expect("1.m", "theirs")
}

// TestChangedAfterReading is a mail that a program without a lock appends to: it
// is given again, whole, and not moved away before.
func TestChangedAfterReading(t *testing.T) {
	b := newBox(t)
	b.arrive("1.m", "half")
	b.open(Options{})
	m, done := b.next()
	if string(m.Raw) != "half" {
		t.Fatalf("got %q", m.Raw)
	}
	f, err := os.OpenFile(b.path("new/1.m"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(" and the rest"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	done(nil)
	b.expect("1.m", "half and the rest")
	b.contains("new")
}

func TestEmptyFile(t *testing.T) {
	b := newBox(t).open(Options{})
	began := time.Now()
	b.write("new/1.m", "")
	b.expect("1.m", "")
	if waited := time.Since(began); waited < settled {
		t.Errorf("an empty file was taken after %v, though somebody may have been about to write it", waited)
	}

	spool := newBox(t).open(Options{Spool: true})
	if _, err := Deliver(spool.dir, strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	m, done := spool.next()
	if len(m.Raw) != 0 {
		t.Errorf("got %q", m.Raw)
	}
	done(nil)
	spool.contains("new")
}

// TestManyAtStart also has a writer beside the reader.
func TestManyAtStart(t *testing.T) {
	const before, beside = 5000, 1000
	b := newBox(t)
	for i := range before {
		b.write(fmt.Sprintf("new/%07d.m", i), fmt.Sprint(i))
	}
	b.open(Options{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := before; i < before+beside; i++ {
			name := fmt.Sprintf("%07d.m", i)
			if err := os.WriteFile(b.path("tmp", name), []byte(fmt.Sprint(i)), 0o600); err != nil {
				t.Error(err)
			}
			if err := os.Rename(b.path("tmp", name), b.path("new", name)); err != nil {
				t.Error(err)
			}
		}
	})
	defer wg.Wait()
	for i := range before {
		b.expect(fmt.Sprintf("%07d.m", i), fmt.Sprint(i))
	}
	got := map[string]bool{} // in the order that the system lists them
	for range beside {
		m, done := b.next()
		if n, err := strconv.Atoi(string(m.Raw)); err != nil || fmt.Sprintf("%07d.m", n) != m.Name || got[m.Name] {
			t.Errorf("got %s (before: %v) with %q", m.Name, got[m.Name], m.Raw)
		}
		got[m.Name] = true
		done(nil)
	}
	b.idle(50 * time.Millisecond)
	b.contains("new")
	if n := len(b.names("cur")); n != before+beside {
		t.Errorf("cur/ holds %d", n)
	}
}

func TestWhatIsNoMail(t *testing.T) {
	b := newBox(t)
	for _, err := range []error{
		os.Mkdir(b.path("new/dir"), 0o700), unix.Mkfifo(b.path("new/fifo"), 0o600),
		os.Symlink("/etc/passwd", b.path("new/link")), os.Symlink("nowhere", b.path("new/dangling")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: b.path("new/socket")}); err != nil {
		t.Fatal(err)
	}
	b.open(Options{Poll: 10 * time.Millisecond})
	b.idle(300 * time.Millisecond)
	b.arrive("9.m", "a mail")
	b.expect("9.m", "a mail")
	b.idle(100 * time.Millisecond)
	b.contains("new", "dangling", "dir", "fifo", "link", "socket")
	if n := b.log.count("left alone"); n != 5 {
		t.Errorf("the log speaks of them %d times, not once of each:\n%s", n, b.log)
	}
	if n, err := Waiting(b.dir); n != 0 || err != nil {
		t.Errorf("Waiting: %d, %v", n, err)
	}
}

// TestReadRefusesWhatIsNoMail is for what changes between listing and reading.
func TestReadRefusesWhatIsNoMail(t *testing.T) {
	b := newBox(t).open(Options{})
	if err := unix.Mkfifo(b.path("new/fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", b.path("new/link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "link"} {
		if _, err := b.ch.read(name); err != errNotMail {
			t.Errorf("reading %s: %v", name, err)
		}
	}
}

func TestOversize(t *testing.T) {
	for _, spool := range []bool{false, true} {
		b := newBox(t)
		b.arrive("1.m", "0123456789")
		b.arrive("2.m", "01234567")
		b.open(Options{Limit: 8, Spool: spool})
		m, done := b.next()
		if !m.Truncated || string(m.Raw) != "012345678" {
			t.Errorf("got %+v", m)
		}
		done(nil)
		if kept, err := os.ReadFile(b.path("cur/1.m:2,")); string(kept) != "0123456789" {
			t.Errorf("spool %v: cur/ keeps %q, %v", spool, kept, err)
		}
		if m, _ := b.next(); m.Truncated {
			t.Errorf("%s is as long as it may be, and said to be too long", m.Name)
		}
	}
}

// TestUnreadable is a mail that the daemon's user may not read: it is tried
// again, said, and in nobody's way.
func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 && os.Getenv("MAILDIR_TEST_UNREADABLE") == "" {
		if _, err := exec.LookPath("setpriv"); err != nil {
			t.Skip("root can read everything, and setpriv(1) is not here")
		}
		binary := t.TempDir() + "/test"
		self, err := os.ReadFile(os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(binary, self, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(strings.TrimSuffix(binary, "/test"), 0o755); err != nil {
			t.Fatal(err)
		}
		root := t.TempDir()
		for dir := root; dir != os.TempDir() && len(dir) > 4; dir = dir[:strings.LastIndex(dir, "/")] {
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", binary, "-test.run=^TestUnreadable$", "-test.v")
		cmd.Env = slices.Concat(os.Environ(), []string{"MAILDIR_TEST_UNREADABLE=1", "TMPDIR=" + root})
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestUnreadable") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	b := newBox(t)
	b.arrive("1.m", "secret")
	if err := os.Chmod(b.path("new/1.m"), 0); err != nil {
		t.Fatal(err)
	}
	b.arrive("2.m", "open")
	b.open(Options{})
	b.expect("2.m", "open")
	b.idle(300 * time.Millisecond)
	if err := os.Chmod(b.path("new/1.m"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.expect("1.m", "secret")
	if n := b.log.count("mail cannot be read"); n < 1 || n > 5 {
		t.Errorf("the log says it %d times:\n%s", n, b.log)
	}
}
