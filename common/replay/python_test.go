package replay

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var program = regexp.MustCompile("(?s)```python\n(.*?)```")

// TestReplayPage runs the programs of docs/reference/replay.md as they stand there,
// with the real libzmq. Without python3-zmq it fails: interoperation is a promise.
func TestReplayPage(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's own, which sees Debian's python3-zmq
	if out, err := exec.Command(python, "-c", "import zmq").CombinedOutput(); err != nil {
		t.Fatalf("the real libzmq is needed (%v: %s): `make deps` installs python3-zmq", err, out)
	}
	page, err := os.ReadFile("../../docs/reference/replay.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := program.FindAllSubmatch(page, -1)
	if len(programs) != 2 {
		t.Fatalf("the page has %d programs", len(programs))
	}
	run := func(n int, args ...string) []string {
		t.Helper()
		cmd := exec.CommandContext(soon(t), python, append([]string{"-c", string(programs[n][1])}, args...)...)
		cmd.Stderr = t.Output()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
	b := newBook(t, 40)
	b.add(3, 800<<10) // more than the window
	b.add(10, 0)
	endpoint := serve(t, New(b.source(), nil))
	lines := run(0, endpoint, "5", "0")
	if want := b.bodies(5, 53); len(lines) != len(want) {
		t.Errorf("the stream has %d messages", len(lines))
	} else {
		for i, body := range want {
			if text := fmt.Sprint(i+5, " org.example.dev.notes.note.create ", string(body)); lines[i] != text {
				t.Errorf("line %d is %.200q", i, lines[i])
			}
		}
	}
	if got, want := run(1, endpoint, `{"seq_id_range":[2,5]}`), b.bodies(3, 5); len(got) != 3 || got[0] != string(want[0]) || got[2] != string(want[2]) {
		t.Errorf("a range is answered with %.200q", got)
	}
	if got := run(1, endpoint, `not json`); len(got) != 1 || got[0] != "error: 'The request is not a JSON object'" {
		t.Errorf("what is no request is answered with %q", got)
	}
}
