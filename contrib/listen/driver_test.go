//go:build browser

package listen

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"busbar/common/programtest"
)

// A browser is driven through pipes, by the DevTools protocol: objects of JSON, each
// with a zero byte behind it.
type browser struct {
	t    *testing.T
	out  *os.File
	in   chan []byte // what it says; closed when it has ended
	last int
	// Events that came while something was asked, if somebody keeps them.
	keep   bool
	events []happened
}

// A happened is an event of the browser's, or of a tab's.
type happened struct {
	SessionID string
	Method    string
	Params    json.RawMessage
}

// newBrowser starts the shell, which is small. It has no notifications, and no push service.
func newBrowser(t *testing.T, dir string) *browser {
	t.Helper()
	return startBrowser(t, dir, "chromium-headless-shell", nil)
}

// startBrowser starts a program with more flags and variables.
func startBrowser(t *testing.T, dir, name string, env []string, flags ...string) *browser {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: `make test-browser` installs it", err)
	}
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	flags = append(flags, "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+dir+"/browser", "--window-size=800,900", "about:blank")
	cmd := exec.Command(program, flags...)
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4
	cmd.Env = append(append(os.Environ(), "HOME="+dir), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	t.Cleanup(func() {
		ourOut.Close() // it ends by that
		ourIn.Close()
		_ = cmd.Wait()
		for end := time.Now().Add(programtest.Patience); os.RemoveAll(dir+"/browser") != nil && time.Now().Before(end); {
			time.Sleep(50 * time.Millisecond) // its children write until they have ended, too
		}
	})
	b := &browser{t: t, out: ourOut, in: make(chan []byte, 1000)}
	go func() {
		defer close(b.in)
		for r := bufio.NewReader(ourIn); ; {
			text, err := r.ReadBytes(0)
			if err != nil {
				return
			}
			select {
			case b.in <- text:
			case <-t.Context().Done():
				return
			}
		}
	}()
	return b
}

// answersWithin is how long an answer may take. What is asked of a page that is left just
// then is sometimes never answered.
const answersWithin = programtest.Patience / 6

// call asks the browser, or one of its tabs, for something, and gives what is in its
// answer.
func (b *browser) call(session, method string, params, result any) {
	b.t.Helper()
	if err := b.ask(session, method, params, result); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

// ask is the same, where what is asked may fail: a page may be left meanwhile.
func (b *browser) ask(session, method string, params, result any) error {
	b.t.Helper()
	b.last++
	request := map[string]any{"id": b.last, "method": method, "params": params}
	if session != "" {
		request["sessionId"] = session
	}
	text, err := json.Marshal(request)
	if err == nil {
		_, err = b.out.Write(append(text, 0))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	late := time.NewTimer(answersWithin)
	defer late.Stop()
	for {
		var text []byte
		var ok bool
		select {
		case text, ok = <-b.in:
		case <-late.C:
			return fmt.Errorf("no answer within %s", answersWithin)
		}
		if !ok {
			b.t.Fatalf("%s: the browser has ended", method)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  any
			happened
		}
		if err := json.Unmarshal(text[:len(text)-1], &answer); err != nil {
			b.t.Fatal(err)
		}
		if answer.ID != b.last {
			if b.keep && answer.Method != "" {
				b.events = append(b.events, answer.happened)
			}
			continue
		}
		if answer.Error != nil {
			return fmt.Errorf("%v", answer.Error)
		}
		if result != nil {
			return json.Unmarshal(answer.Result, result)
		}
		return nil
	}
}

// A tab is an open page.
type tab struct {
	*browser
	target, session string
}

func (b *browser) open(address string) *tab {
	b.t.Helper()
	t := &tab{browser: b}
	var made struct{ TargetID string }
	b.call("", "Target.createTarget", map[string]any{"url": address}, &made)
	t.target = made.TargetID
	var attached struct{ SessionID string }
	b.call("", "Target.attachToTarget", map[string]any{"targetId": t.target, "flatten": true}, &attached)
	t.session = attached.SessionID
	return t
}

func (t *tab) close() {
	t.t.Helper()
	t.call("", "Target.closeTarget", map[string]any{"targetId": t.target}, nil)
}

// picture writes a screenshot.
func (t *tab) picture(file string) {
	t.t.Helper()
	var got struct{ Data string }
	t.call(t.session, "Page.captureScreenshot", map[string]any{"format": "png"}, &got)
	png, err := base64.StdEncoding.DecodeString(strings.TrimSpace(got.Data))
	if err == nil {
		err = os.WriteFile(file, png, 0o644)
	}
	if err != nil {
		t.t.Fatal(err)
	}
}
