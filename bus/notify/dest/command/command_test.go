package command

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/common/config"
	"busbar/common/programtest"
)

func open(t *testing.T, out *programtest.Output, configs ...Config) dest.Destination {
	t.Helper()
	d, err := Open(configs, out, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sh is a command of the shell.
func sh(name, script string, args ...string) Config {
	return Config{Name: name, Command: append([]string{"sh", "-c", script, "sh"}, args...)}
}

// TestDestination: a command adds each note, a line of JSON, to a file.
func TestDestination(t *testing.T) {
	desttest.Run(t, func(t *testing.T) desttest.Far {
		file, stall := filepath.Join(t.TempDir(), "notes"), filepath.Join(t.TempDir(), "stall")
		return desttest.Far{
			Open: func(t *testing.T) dest.Destination {
				var out programtest.Output
				return open(t, &out, sh("one", `while [ -e "$2" ]; do sleep 0.02; done; cat >>"$1"`, file, stall), sh("two", `cat >>"$1"`, file), sh("three", `cat >>"$1"`, file))
			},
			To: func(i int) string { return [...]string{"one", "two/+49 171 1", "three"}[i] },
			Got: func() []desttest.Arrived {
				text, err := os.ReadFile(file)
				if err != nil && !os.IsNotExist(err) {
					t.Error(err)
				}
				var list []desttest.Arrived
				for line := range strings.Lines(string(text)) {
					var in input
					if !strings.HasSuffix(line, "\n") { // it is being written
						break
					}
					if err := json.Unmarshal([]byte(line), &in); err != nil || in.ID == "" || in.Time.IsZero() {
						t.Errorf("%.300q: %v", line, err)
					}
					list = append(list, desttest.Arrived{To: in.To, Text: in.Subject + "\n" + in.Text})
				}
				return list
			},
			Stall: func() func() {
				if err := os.WriteFile(stall, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				return func() {
					if err := os.Remove(stall); err != nil {
						t.Error(err)
					}
				}
			},
			Wrong: []string{"", "four", "/bin/sh", "one\nx", "one/" + strings.Repeat("x", 300)},
		}
	})
}

// TestEnds: what a command's end means.
func TestEnds(t *testing.T) {
	var out programtest.Output
	for script, want := range map[string]dest.Error{
		"exit 65": {Fate: dest.Dead}, "exit 67": {Fate: dest.Gone}, "exit 1": {Fate: dest.RetryOne}, "exit 75": {Fate: dest.RetryOne},
		"kill -9 $$": {Fate: dest.RetryOne, Unsure: true}, "echo first; echo because >&2; exit 2": {Fate: dest.RetryOne}, "sleep 600": {Fate: dest.RetryOne, Unsure: true},
	} {
		c := sh("x", script)
		c.Timeout = config.Duration(programtest.Patience)
		if script == "sleep 600" {
			c.Timeout = config.Duration(100 * time.Millisecond)
		}
		d := open(t, &out, c)
		err := d.Send(t.Context(), desttest.Note("e-1", "x", "mark"))
		if e := dest.FateOf(err); err == nil || e.Fate != want.Fate || e.Unsure != want.Unsure {
			t.Errorf("%s: %+v", script, e)
		}
		if strings.Contains(script, "because") && !strings.HasSuffix(err.Error(), "exit status 2: because") {
			t.Errorf("it does not say why: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestEnvironment: what strangers write is in the environment and on standard input
// alone, and nothing of another note is.
func TestEnvironment(t *testing.T) {
	t.Setenv("NOTE_OLD", "old")
	var out programtest.Output
	d := open(t, &out, sh("x", `env | grep ^NOTE_ | sort`))
	defer d.Close()
	n := desttest.Note("e-1", "x/+49 171", "$(reboot) \x00;")
	if err := d.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	want := `NOTE_CUT=
NOTE_ID=e-1
NOTE_KIND=single
NOTE_LINK=https://tracker.example.org/pkg/hello
NOTE_PERSON=jane
NOTE_RULE=mine
NOTE_SUBJECT=[hello] $(reboot) ` + "\ufffd" + `;
NOTE_THREAD=package/hello
NOTE_TIME=2026-11-28T12:00:00Z
NOTE_TO=+49 171
`
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
}

// TestJobs: no more run at once than may.
func TestJobs(t *testing.T) {
	var out programtest.Output
	d := open(t, &out, sh("x", "sleep 600"))
	defer d.Close()
	first, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Send(first, desttest.Note("j-1", "x/1", "mark")) }()
	for until := time.Now().Add(programtest.Patience); len(d.(*destination).runners["x"].places) == 0 && time.Now().Before(until); time.Sleep(time.Millisecond) {
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := d.Send(ctx, desttest.Note("j-2", "x/2", "mark")); err == nil || !strings.Contains(err.Error(), "as often as it may") {
		t.Errorf("%v", err)
	}
	end()
	if err := <-ended; err == nil {
		t.Error("a command that was ended has delivered its note")
	}
}

func TestConfig(t *testing.T) {
	good := sh("x", "true")
	for want, configs := range map[string][]Config{
		"there is none": nil, "two of this name": {good, good}, "name": {{Name: "a/b", Command: []string{"true"}}}, "empty": {{Name: "x"}},
		"executable file not found": {{Name: "x", Command: []string{"no-such-command"}}}, "jobs": {{Name: "x", Command: []string{"true"}, Jobs: 65}},
		"timeout": {{Name: "x", Command: []string{"true"}, Timeout: config.Duration(time.Hour)}},
	} {
		if d, err := Open(configs, nil, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "[[notify.command]]") {
			t.Errorf("%s: %s", fmt.Sprint(d), err)
		}
	}
}
