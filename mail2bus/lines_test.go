package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/programtest"
)

// TestLinesOutliveKills kills the real program while it writes lines, and renames the
// file in between: each message is there at the end, in order, and once where the
// file was not renamed.
func TestLinesOutliveKills(t *testing.T) {
	for _, rename := range []bool{false, true} {
		t.Run(map[bool]string{false: "one file", true: "renamed"}[rename], func(t *testing.T) {
			t.Parallel()
			killLines(t, rename)
		})
	}
}

func killLines(t *testing.T, rename bool) {
	const kills, batch = 12, 40
	dir := t.TempDir()
	file := filepath.Join(dir, "messages.jsonl")
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(dir, "mail", sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"run"}
	for _, set := range []string{"sign.backend=none", "bus.name=lines", "bus.journal=" + dir + "/journal.db", "mail.maildir=" + dir + "/mail", "lines.file=" + file} {
		args = append(args, "--set", set)
	}
	mails, files := 0, []string{}
	program := func() *exec.Cmd {
		cmd := exec.Command("mail2bus", args...)
		cmd.Stderr = t.Output()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	for k := range kills {
		cmd := program()
		before := len(fileLines(t, file))
		for range batch {
			mails++
			name := fmt.Sprintf("%09d.M1P1.host", mails)
			text := fmt.Sprintf("List-Id: <tea.lists.example.org>\nFrom: Nora <nora@example.org>\nSubject: tea %d\nMessage-ID: <%d@example.org>\nDate: Mon, 02 Mar 2026 10:00:00 +0000\n\nTea.\n", mails, mails)
			if err := os.WriteFile(filepath.Join(dir, "mail", "tmp", name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(dir, "mail", "tmp", name), filepath.Join(dir, "mail", "new", name)); err != nil {
				t.Fatal(err)
			}
		}
		least := before + rand.IntN(batch)
		waitLines(t, file, least)
		if old := fmt.Sprintf("%s.%d", file, k); rename && k%2 == 0 {
			if err := os.Rename(file, old); err == nil {
				files = append(files, old)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it says that it was killed
	}
	files = append(files, file)
	cmd := program()
	want := published(t, dir, mails)
	index := map[string]int{}
	for i, m := range want {
		index[m] = i + 1
	}
	var got []string
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(10 * time.Millisecond) {
		if got = fileLines(t, files...); len(got) > 0 && got[len(got)-1] == want[len(want)-1] {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d lines came, and not the last of %d", len(got), len(want))
		}
	}
	for end := time.Now().Add(programtest.Patience); !journal.InUse(filepath.Join(dir, "journal.db")); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never opened its journal: until then it knows no signal")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	at, seen := 0, map[int]bool{}
	for _, line := range got {
		i := index[line]
		if i == 0 || i > at+1 {
			t.Fatalf("behind message %d of %d comes %d: %.200s", at, len(want), i, line)
		}
		at, seen[i] = i, true
	}
	lost, doubled := len(want)-len(seen), len(got)-len(seen)
	if lost != 0 || doubled != 0 && !rename {
		t.Errorf("lost %d, doubled %d", lost, doubled)
	}
	t.Logf("%d kills, %d renames, %d messages: lost %d, doubled %d", kills, len(files)-1, len(want), lost, doubled)
}

// waitLines waits until the file has more than so many lines.
func waitLines(t *testing.T, file string, least int) {
	t.Helper()
	for end := time.Now().Add(programtest.Patience); len(fileLines(t, file)) <= least; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d lines came, want more than %d", len(fileLines(t, file)), least)
		}
	}
}

// fileLines are the whole lines of files.
func fileLines(t *testing.T, files ...string) []string {
	t.Helper()
	var list []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		parts := strings.Split(string(text), "\n")
		list = append(list, parts[:len(parts)-1]...)
	}
	return list
}

// published waits until the journal has so many messages, and gives them.
func published(t *testing.T, dir string, n int) (list []string) {
	t.Helper()
	r, err := journal.OpenReader(context.Background(), filepath.Join(dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(10 * time.Millisecond) {
		if last, err := r.LastSeq(context.Background()); err == nil && last >= int64(n) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the journal does not get all")
		}
	}
	for at := int64(0); len(list) < n; {
		batch, err := r.After(context.Background(), at, 0)
		if err != nil || len(batch) == 0 {
			t.Fatalf("reading: %d, %v", len(batch), err)
		}
		for _, m := range batch {
			if !json.Valid(m.Wire) {
				t.Errorf("message %d is no JSON", m.Seq)
			}
			list, at = append(list, string(m.Wire)), m.Seq
		}
	}
	return list
}
