package trigger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/programtest"
	"busbar/common/subscribe"
)

// TestKept: an event that fails too often is kept with the reason, the line goes on,
// and a person has it tried again.
func TestKept(t *testing.T) {
	gone := &subscribe.Message{Gap: &subscribe.Gap{Publisher: "p", Epoch: "e", From: 2, To: 4, Reason: subscribe.Retention}}
	s := &script{messages: []*subscribe.Message{message("p", 1), gone, message("p", 5)}}
	var mu sync.Mutex
	mend, runs, lines := false, map[string]int{}, map[string]string{}
	d := of(s, func(in *input, _ int) error {
		mu.Lock()
		defer mu.Unlock()
		name := fmt.Sprint(in.Seq)
		runs[name]++
		if mend {
			lines[name] = string(in.line)
		}
		if in.Seq != 5 && !mend {
			return errors.New("it does not fit")
		}
		return nil
	})
	d.gaps, d.poison = true, newPoison(t)
	var outcomes []string
	d.report = func(s said) {
		mu.Lock()
		defer mu.Unlock()
		outcomes = append(outcomes, s.Outcome)
	}
	d.test(t)
	list := files(t, d.poison.dir)
	if len(list) != 2 || runs["1"] != 3 || runs["0"] != 3 || runs["5"] != 1 || len(s.acked) != 3 {
		t.Fatalf("kept %q, runs %v, %d acknowledged", list, runs, len(s.acked))
	}
	if got, want := strings.Join(outcomes, " "), "failed failed kept failed failed kept handled"; got != want {
		t.Errorf("it is reported as %s", got)
	}
	kept := map[string]string{}
	for _, file := range list {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, line, _ := bytes.Cut(text, []byte("\n"))
		var v verdict
		if err := json.Unmarshal(first, &v); err != nil || v.Reason != "it does not fit" || v.Attempts != 3 || v.Title == "" {
			t.Errorf("it is kept with %s, %v", first, err)
		}
		kept[string(line)] = file
	}

	mend = true
	for _, file := range list {
		if err := os.Rename(file, filepath.Join(d.poison.retryDir(), filepath.Base(file))); err != nil {
			t.Fatal(err)
		}
	}
	odd := filepath.Join(d.poison.retryDir(), "odd.event")
	if err := os.WriteFile(odd, []byte("no event\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), programtest.Patience)
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if left := files(t, d.poison.retryDir()); len(left) == 1 {
				cancel()
			}
			time.Sleep(time.Millisecond) // between two looks at the condition
		}
	}()
	d.count = 0
	if err := d.serve(ctx, t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := files(t, d.poison.retryDir()); len(left) != 1 || left[0] != odd {
		t.Errorf("in retry/ there is %q", left)
	}
	for name := range map[string]bool{"1": true, "0": true} {
		if _, ok := kept[lines[name]]; !ok {
			t.Errorf("tried again with %q", lines[name])
		}
	}
}

// TestKeptAgain: what fails again is kept again, once.
func TestKeptAgain(t *testing.T) {
	s := &script{messages: []*subscribe.Message{message("p", 1), message("p", 2)}}
	d := of(s, func(in *input, _ int) error { return errors.New("it does not fit") })
	d.poison = newPoison(t)
	d.test(t)
	list := files(t, d.poison.dir)
	if len(list) != 2 {
		t.Fatalf("kept %q", list)
	}
	if err := os.Rename(list[0], filepath.Join(d.poison.retryDir(), filepath.Base(list[0]))); err != nil {
		t.Fatal(err)
	}
	task, err := d.poison.load(filepath.Join(d.poison.retryDir(), filepath.Base(list[0])))
	if err != nil {
		t.Fatal(err)
	}
	d.deal(t.Context(), task)
	if again := files(t, d.poison.dir); len(again) != 2 || len(files(t, d.poison.retryDir())) > 0 {
		t.Errorf("kept %q, and in retry/ %q", again, files(t, d.poison.retryDir()))
	}
}

// TestTheCommandsFault: where nothing at all is handled, or the folder is full, events
// are not kept, and none is lost.
func TestTheCommandsFault(t *testing.T) {
	for name, full := range map[string]bool{"in a row": false, "full": true} {
		s := &script{}
		for n := range int64(keptInARow + 2) {
			s.messages = append(s.messages, message("p", n+1))
		}
		var log programtest.Output
		var d *dispatcher
		d = of(s, func(in *input, attempt int) error {
			if attempt > 3 { // somebody mends it
				d.attempts = 100
				return nil
			}
			return errors.New("failed")
		})
		d.log = slog.New(slog.NewTextHandler(&log, nil))
		d.poison = newPoison(t)
		want := keptInARow
		if full {
			d.poison.most, want = 3, 3
		}
		d.test(t)
		if n := len(files(t, d.poison.dir)); n != want || len(s.acked) != keptInARow+2 || !strings.Contains(log.String(), "tried until it is handled") {
			t.Errorf("%s: %d are kept, %d acknowledged", name, n, len(s.acked))
		}
	}
}

func TestOpenPoison(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openPoison(plain); err == nil || !strings.Contains(err.Error(), plain) {
		t.Errorf("a file as the folder: %v", err)
	}
}

// FuzzParseKept: whatever lies in retry/ is an event or an error; what was kept reads
// as it was.
func FuzzParseKept(f *testing.F) {
	in, err := taskOf(message("p", 1)).input("org.debian")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"reason":"r","attempts":3}` + "\n" + string(in.line)))
	f.Add([]byte(`{"reason":"r"}` + "\n" + `{"gap":{"publisher":"p","first":1,"reason":"retention","text":"t"}}` + "\n"))
	f.Add([]byte("{}\n{}\n"))
	f.Add([]byte("no event"))
	f.Fuzz(func(t *testing.T, text []byte) {
		task, err := parseKept(text)
		if err != nil {
			return
		}
		in, err := task.input("org.debian")
		if err != nil {
			t.Fatalf("%q cannot be handed to a command: %v", text, err)
		}
		again, err := parseKept(append([]byte("{}\n"), in.line...))
		if err != nil || (again.gap == nil) != (task.gap == nil) {
			t.Errorf("%q became %q: %v", text, in.line, err)
		}
	})
}
