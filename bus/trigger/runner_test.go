package trigger

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/common/child"
	"busbar/common/event"
	"busbar/common/programtest"
	"busbar/common/subscribe"
)

// shell runs a script of the shell for one event.
func shell(t *testing.T, script string, change func(*runner)) (r *runner, in *input, out *programtest.Output) {
	t.Helper()
	out = &programtest.Output{}
	r = &runner{Runner: child.Runner{Path: "/bin/sh", Args: []string{"sh", "-c", script, "sh"}, Out: out, Log: slog.New(slog.NewTextHandler(out, nil))}, prefix: "org.debian", environ: []string{"PATH=/usr/bin:/bin", "EVENT_LINK=old", "EVENT_ELSE=old"}}
	if change != nil {
		change(r)
	}
	in, err := taskOf(message("p", 7)).input(r.prefix)
	if err != nil {
		t.Fatal(err)
	}
	return r, in, out
}

// TestInput: the message is on standard input, one line, and in the environment, and
// nothing of another event is.
func TestInput(t *testing.T) {
	dir := t.TempDir()
	r, in, out := shell(t, `cat >"$1/stdin"; env | grep ^EVENT_ | sort >"$1/env"; echo "it is $EVENT_TITLE"; echo more >&2; printf 'no end \033[2J'`, nil)
	r.Args = append(r.Args, dir)
	if got := r.run(t.Context(), in, 2); got.Err != nil || got.Words != "it is p says 7\nmore\nno end \uFFFD[2J" {
		t.Fatalf("%+v", got)
	}
	if want := "it is p says 7\nmore\nno end \uFFFD[2J\n"; out.String() != want {
		t.Errorf("said %q", out.String())
	}
	line, err := os.ReadFile(dir + "/stdin")
	if err != nil {
		t.Fatal(err)
	}
	if _, e, err := event.ParseMessage(line); err != nil || e.Seq != 7 || strings.Count(string(line), "\n") != 1 {
		t.Errorf("standard input is %q, %v", line, err)
	}
	env, err := os.ReadFile(dir + "/env")
	if err != nil {
		t.Fatal(err)
	}
	want := `EVENT_ATTEMPT=2
EVENT_BUGS=
EVENT_CUT=
EVENT_EPOCH=e
EVENT_GAP=
EVENT_GAP_LAST=
EVENT_ID=` + in.MsgID + `
EVENT_KIND=logger.log
EVENT_LINK=
EVENT_NUMBER=7
EVENT_PACKAGES=
EVENT_PUBLISHER=p
EVENT_RECOVERED=
EVENT_REPLAYED=
EVENT_SIGNER=signer
EVENT_TIME=1970-01-01T00:00:00Z
EVENT_TITLE=p says 7
EVENT_TOPIC=org.debian.dev.logger.log
`
	if string(env) != want {
		t.Errorf("the environment is\n%s", env)
	}
}

// TestStrangeValues: what the kernel does not take, or nobody can see, does not hold up
// an event.
func TestStrangeValues(t *testing.T) {
	r, _, out := shell(t, `printf '%s|%s|%s' "${#EVENT_TITLE}" "$EVENT_CUT" "$EVENT_ID"`, nil)
	for name, title := range map[string]string{"long": strings.Repeat("é", 1<<20), "NUL": "a\x00b\nc\x1b"} {
		m := message("p", 1)
		tree := m.Envelope.Tree()
		tree["title"], tree["msg_id"] = title, "no\x00id"
		var err error
		if m.Body, err = event.Canonical(tree); err != nil {
			t.Fatal(err)
		}
		in, err := taskOf(m).input("org.debian")
		if err != nil {
			t.Fatal(err)
		}
		if got := r.run(t.Context(), in, 1); got.Err != nil {
			t.Errorf("%s: %v", name, got.Err)
		}
		n, rest, _ := strings.Cut(strings.TrimSpace(out.String()), "|")
		length, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		if long := name == "long"; long && (length > child.MaxValue || length < child.MaxValue/2-1 || rest != "EVENT_TITLE|no\uFFFDid") || !long && rest != "|no\uFFFDid" {
			t.Errorf("%s: the command sees %q", name, out.String())
		}
		out = &programtest.Output{}
		r.Out = out
		for _, v := range in.environ(nil, 1, child.FewValue) {
			if name, value, ok := strings.Cut(v, "="); !ok || len(value) > child.FewValue || strings.ContainsRune(value, 0) || !strings.HasPrefix(name, "EVENT_") {
				t.Errorf("a variable is %.80q", v)
			}
		}
	}
}

// TestLongEnvironment: where the kernel finds the environment too long, the event's part
// of it is made shorter.
func TestLongEnvironment(t *testing.T) {
	var stack syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_STACK, &stack); err != nil {
		t.Fatal(err)
	}
	// All but a few pages of what may be (execve(2)).
	room := int(min(stack.Cur/4, 6<<20)) - 16<<10
	r, in, out := shell(t, `printf '%s' "$EVENT_CUT"`, nil)
	for i := 0; room > 0; i++ {
		n := min(room, 120<<10)
		r.environ = append(r.environ, "FILL"+strconv.Itoa(i)+"="+strings.Repeat("x", n))
		room -= n + 16
	}
	for i := range in.vars {
		in.vars[i].Value = strings.Repeat("v", child.MaxValue)
	}
	if got := r.run(t.Context(), in, 1); got.Err != nil || !strings.Contains(out.String(), "EVENT_TITLE") {
		t.Errorf("%+v, %q", got.Err, out.String())
	}
}

func TestGapInput(t *testing.T) {
	g := &subscribe.Gap{Publisher: "p", Epoch: "e", From: 2, To: 4, Reason: subscribe.Retention}
	r, _, out := shell(t, `cat; echo "$EVENT_GAP $EVENT_NUMBER $EVENT_GAP_LAST $EVENT_PUBLISHER $EVENT_TOPIC."`, nil)
	in, err := taskOf(&subscribe.Message{Gap: g}).input("org.debian")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"gap":{"publisher":"p","epoch":"e","first":2,"last":4,"reason":"retention","text":"` + g.String() + "\"}}\nretention 2 4 p .\n"
	if got := r.run(t.Context(), in, 1); got.Err != nil || out.String() != want {
		t.Errorf("%+v: %q", got, out.String())
	}
}

// TestEnds: how a command may end, and what is said of it.
func TestEnds(t *testing.T) {
	for script, want := range map[string]string{
		"exit 3":                     "exit status 3",
		"kill -9 $$":                 "signal: killed",
		"exec 0<&-; exit 0":          "",
		"head -c 100000 /dev/zero":   "",
		"cat >/dev/null; sleep 0; :": "",
	} {
		r, in, _ := shell(t, script, nil)
		switch got := r.run(t.Context(), in, 1); {
		case want == "" && got.Err != nil, want != "" && (got.Err == nil || got.Err.Error() != want), got.Unstarted:
			t.Errorf("%s: %+v", script, got)
		}
	}
}

// TestNotStarted tells a command that cannot be started from one that fails.
func TestNotStarted(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"plain": "", "nothing": "#!/nonexistent/interpreter\n", "binary": "\x00\x01\x02 no program"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "plain"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain", "nothing", "binary", "missing", "."} {
		r, in, _ := shell(t, "", func(r *runner) { r.Path = filepath.Join(dir, name) })
		if got := r.run(t.Context(), in, 1); !got.Unstarted || !child.ForGood(got.Err) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// gone waits until a process is none, or one that nobody has waited for.
func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(programtest.Patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d still runs", pid)
}

// pids waits until a script has written so many process ids into a file.
func pids(t *testing.T, file string, n int) []int {
	t.Helper()
	for end := time.Now().Add(programtest.Patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		text, _ := os.ReadFile(file)
		if fields := strings.Fields(string(text)); len(fields) >= n && strings.HasSuffix(string(text), "\n") {
			var list []int
			for _, f := range fields {
				pid, err := strconv.Atoi(f)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, pid)
			}
			return list
		}
	}
	t.Fatalf("%s never came", file)
	return nil
}

// TestTimeLimit: a command that takes too long is asked to end, and then ended with all
// that it started.
func TestTimeLimit(t *testing.T) {
	for name, trap := range map[string]string{"asked": "", "killed": "trap '' TERM; "} {
		file := filepath.Join(t.TempDir(), "pids")
		r, in, _ := shell(t, trap+`sh -c 'trap "" TERM; echo $$ >>"$1"; exec sleep 600' sh "$1" & echo $$ >>"$1"; wait; sleep 600`, func(r *runner) {
			r.Timeout, r.Grace = 500*time.Millisecond, 100*time.Millisecond
		})
		r.Args = append(r.Args, file)
		got := r.run(t.Context(), in, 1)
		if got.Err == nil || !strings.HasPrefix(got.Err.Error(), "it took longer than 500ms") {
			t.Errorf("%s: %v", name, got.Err)
		}
		text, _ := os.ReadFile(file) // it may not have come so far on a busy machine
		for _, f := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(f); err == nil {
				gone(t, pid)
			}
		}
	}
}

// TestSecondSignal: a command is ended with all that it started.
func TestSecondSignal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	kill, end := context.WithCancel(t.Context())
	r, in, _ := shell(t, `trap '' TERM; sh -c 'echo $$ >>"$1"; exec sleep 600' sh "$1" & echo $$ >>"$1"; wait`, nil)
	r.Args = append(r.Args, file)
	ended := make(chan child.Result, 1)
	go func() { ended <- r.run(kill, in, 1) }()
	list := pids(t, file, 2)
	end()
	if got := <-ended; got.Err == nil {
		t.Error("it has handled the event")
	}
	for _, pid := range list {
		gone(t, pid)
	}
}

// TestLeftBehind: who goes on in the background, with the output in its hands, holds
// nothing up.
func TestLeftBehind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	r, in, out := shell(t, `sh -c 'echo $$ >"$1"; exec sleep 600' sh "$1" & while ! [ -s "$1" ]; do sleep 0.01; done; echo done`, func(r *runner) { r.Outlive = time.Millisecond })
	r.Args = append(r.Args, file)
	got := r.run(t.Context(), in, 1)
	list := pids(t, file, 1)
	defer syscall.Kill(list[0], syscall.SIGKILL)
	if got.Err != nil || !strings.Contains(out.String(), "left something running") {
		t.Errorf("%v, %s", got.Err, out.String())
	}
	if err := syscall.Kill(list[0], 0); err != nil {
		t.Errorf("what it left behind is gone: %v", err)
	}
}

// TestDiesWithUs: when this program is killed, its command is, too.
func TestDiesWithUs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	cmd := exec.Command(os.Args[0], file)
	cmd.Env = append(os.Environ(), "TRIGGER_TEST_RUNNER=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	list := pids(t, file, 1)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it says that it was killed
	gone(t, list[0])
}

// runForever is the process that TestDiesWithUs kills.
func runForever(file string) error {
	r := &runner{Runner: child.Runner{Path: "/bin/sh", Args: []string{"sh", "-c", `echo $$ >"$1"; exec sleep 600`, "sh", file}, Out: io.Discard, Log: slog.New(slog.DiscardHandler)}, environ: os.Environ()}
	in, err := taskOf(message("p", 1)).input("org.debian")
	if err != nil {
		return err
	}
	return errors.Join(r.run(context.Background(), in, 1).Err, errors.New("it ended by itself"))
}
