package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAWriterThatWasKilled left the lock to a child that it had just forked: the
// next writer waits until the child has begun its own program.
func TestAWriterThatWasKilled(t *testing.T) {
	path := journalPath(t)
	if err := mustOpen(t, options(path)).Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_TRUNC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	writer := exec.Command("true")
	if err := writer.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(f, writer.Process.Pid); err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sleep", "1")
	child.ExtraFiles = []*os.File{f}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	j, err := Open(t.Context(), options(path))
	if err != nil {
		t.Errorf("the writer is dead: %v", err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

func TestOneWriter(t *testing.T) {
	path := journalPath(t)
	j := mustOpen(t, options(path))
	_, err := Open(context.Background(), options(path))
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), "stop that one first") {
		t.Errorf("in this process: %v", err)
	}
	out, err := helper(t, "append", path, "0").Output()
	if err == nil || !strings.Contains(string(out), ErrLocked.Error()) {
		t.Errorf("in another process: %s, %v", out, err)
	}
	mustAppend(t, j, noteRecord("a"))
	if !InUse(path) {
		t.Error("InUse does not see the writer")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if InUse(path) {
		t.Error("InUse sees a writer after Close")
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				InUse(path)                  // asking must not keep a writer out
				time.Sleep(time.Millisecond) // it asks again and again, and leaves the other some time
			}
		}
	}()
	mustOpen(t, options(path))
}

// What was acknowledged is there after kill -9, once, in order, and with its
// position; what was not may be there or not, as a whole.
func TestKill(t *testing.T) {
	const kills = 20
	path := journalPath(t)
	acknowledged, rng := -1, rand.New(rand.NewPCG(uint64(os.Getpid()), 0))
	for range kills {
		last := appendAndKill(t, path, acknowledged+1, time.Duration(rng.IntN(60))*time.Millisecond)
		acknowledged = max(acknowledged, last)
	}
	j := mustOpen(t, options(path))
	report := mustVerify(t, j.Reader())
	position, err := j.Reader().Position(context.Background(), "numbers")
	if err != nil {
		t.Fatal(err)
	}
	at, _ := strconv.Atoi(string(position))
	lost, doubled := 0, 0
	seen := map[string]int{}
	for _, m := range all(t, j.Reader()) {
		seen[m.ID]++
	}
	for i := range at + 1 {
		switch n := seen[note(strconv.Itoa(i)).ID(someday)]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
	}
	if at < acknowledged || lost != 0 || doubled != 0 || len(seen) != at+1 || report.Messages != int64(at)+1 {
		t.Errorf("acknowledged %d, position %d, %d messages", acknowledged+1, at, report.Messages)
	}
	t.Logf("%d kills, %d records acknowledged, %d stored: lost %d, doubled %d", kills, acknowledged+1, report.Messages, lost, doubled)
}

// appendAndKill lets a child append from a number on, kills it some time after
// its first acknowledgement, and returns the last one that it gave.
func appendAndKill(t *testing.T, path string, from int, life time.Duration) int {
	t.Helper()
	cmd := helper(t, "append", path, strconv.Itoa(from))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := from - 1
	var timer *time.Timer
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a torn line was not an acknowledgement
		}
		n, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("the child says %q", line)
		}
		if n != last+1 {
			t.Fatalf("acknowledged %d after %d", n, last)
		}
		if last = n; timer == nil {
			timer = time.AfterFunc(life, func() { cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return last
}

func TestReadersInOtherProcesses(t *testing.T) {
	path := journalPath(t)
	j := mustOpen(t, options(path))
	mustAppend(t, j, noteRecord("first"))
	cmd := helper(t, "read", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the reader says %q, %v", line, err)
	}
	for i := range 300 {
		mustAppend(t, j, noteRecord(strconv.Itoa(i)))
	}
	io.WriteString(in, "stop\n")
	rest, _ := io.ReadAll(lines)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, rest)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(rest))); err != nil || n < 1 {
		t.Errorf("the reader saw %q", rest)
	}
}

func TestAdministratorsTool(t *testing.T) {
	tool, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Fatal("sqlite3 is not installed: make deps installs it")
	}
	path := journalPath(t)
	j := mustOpen(t, options(path))
	mustAppend(t, j, noteRecord("a"))
	out, err := exec.Command(tool, "-readonly", path, "SELECT seq, topic FROM messages").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "1|org.example.dev.notes.note.create" {
		t.Errorf("sqlite3 says %s, %v", out, err)
	}
	mustAppend(t, j, noteRecord("b"))
}

func TestPermissions(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	path := closedJournal(t, 3)
	for dir := filepath.Dir(path); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	say := func() string {
		out, err := helper(t, "nobody", path).Output()
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		return string(out)
	}
	if got := say(); !strings.Contains(got, "write: opening journal "+path) || strings.Count(got, "run as the user who owns the journal") != 2 {
		t.Errorf("without any right: %s", got)
	}
	for _, name := range []string{path, path + ".lock"} {
		if err := os.Chmod(name, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got := say(); strings.Count(got, ";") != 2 {
		t.Errorf("without the folder: %s", got)
	}
	j := mustOpen(t, options(path))
	if got := say(); !strings.Contains(got, "read: <nil>") || !strings.Contains(got, ErrLocked.Error()) {
		t.Errorf("while it is written: %s", got)
	}
	mustAppend(t, j, noteRecord("after"))
}
