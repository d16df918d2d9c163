package archive

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const helperVar = "BUSBAR_ARCHIVE_HELPER"

func TestMain(m *testing.M) {
	path := os.Getenv(helperVar)
	if path == "" {
		os.Exit(m.Run())
	}
	if err := helpAppend(path); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// numbered is message seq of the publisher "killed".
func numbered(seq int64) said {
	return said{publisher: "killed", epoch: "e", seq: seq, id: fmt.Sprint("killed ", seq), topic: topics[seq%6], time: 1_790_000_000 + seq,
		title: "message " + strconv.FormatInt(seq, 10), msg: map[string]any{"package": packages[seq%5], "bug": 7 + seq%3, "title": strconv.FormatInt(seq, 10)}}
}

// helpAppend goes on behind its position, prunes and rebuilds now and then, and
// prints each position once it is stored, until it is killed.
func helpAppend(path string) error {
	ctx := context.Background()
	a, err := Open(ctx, Options{Path: path, Retention: Retention{Bytes: 800_000}})
	if err != nil {
		return err
	}
	positions, err := a.Positions(ctx)
	if err != nil {
		return err
	}
	var seq int64
	for _, p := range positions {
		seq = p.Seq
	}
	for i := 1; ; i++ {
		var b Batch
		for range 1 + rand.IntN(20) {
			seq++
			m, err := Read(numbered(seq).wire(nil))
			if err != nil {
				return err
			}
			b.Messages = append(b.Messages, m)
		}
		b.Positions = []Position{{"killed", "e", seq}}
		if _, err := a.Append(ctx, b); err != nil {
			return err
		}
		fmt.Println(seq)
		if i%10 == 0 {
			if _, err := a.Prune(ctx); err != nil {
				return err
			}
		}
		if i%35 == 0 {
			if err := a.Rebuild(ctx); err != nil {
				return err
			}
		}
	}
}

// TestKill: whenever the writer is killed, what it had stored is there with its
// position, and all tables fit together.
func TestKill(t *testing.T) {
	path, ctx := filepath.Join(t.TempDir(), "archive.db"), context.Background()
	const kills = 3
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), helperVar+"="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var stored int64
		lines := bufio.NewScanner(out)
		for n := 10 + rand.IntN(40); n > 0 && lines.Scan(); n-- {
			if stored, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
				t.Fatalf("the writer says %q", lines.Text())
			}
		}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // somewhere within the next batch
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				stored = n
			}
		}
		_ = cmd.Wait() // it was killed
		a := mustOpen(t, Options{Path: path})
		positions, err := a.Positions(ctx)
		if err != nil || len(positions) != 1 || positions[0].Seq < stored {
			t.Fatalf("message %d was stored, and the position is %v (%v)", stored, positions, err)
		}
		base, newest, err := a.Range(ctx)
		if err != nil || newest != positions[0].Seq {
			t.Fatalf("it ends at arrival %d, the position is %v (%v)", newest, positions, err)
		}
		list := pages(t, func(after int64) ([]Message, int64, error) {
			list, err := a.After(ctx, after, 0)
			if len(list) > 0 {
				after = list[len(list)-1].N
			}
			return list, after, err
		})
		for i, m := range list {
			if want := base + int64(i) + 1; m.Seq != want || string(m.Wire) != string(numbered(want).wire(t)) {
				t.Fatalf("message %d of the archive is number %d", want, m.Seq)
			}
		}
		if int64(len(list)) != newest-base {
			t.Fatalf("%d messages are there, want %d to %d", len(list), base+1, newest)
		}
		before := derivedRows(t, a)
		if err := a.Rebuild(ctx); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(derivedRows(t, a), before); diff != "" {
			t.Fatalf("the derived tables do not fit the messages: %s", diff)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
